/// What a webhook belongs to (developers.bitgo.com/api/v2.wallet.addwebhook).
package enum WebhookScope: String, Word {
    case wallet, enterprise, organization
}

/// Whether a webhook is sent (developers.bitgo.com/api/v2.enterprise.webhook.add).
package enum WebhookState: String, Word {
    /// Sent.
    case active
    /// Nothing is sent any more; only deleting and creating it anew helps.
    case suspended
}

/// What a webhook tells of: the types of the organization, enterprise and wallet scopes
/// (developers.bitgo.com/docs/webhooks-organization, webhooks-enterprise, webhooks-wallet).
package enum WebhookType: String, Word {
    case identityStatus, userKycState, enterpriseKycState
    case accessToken, bankAccount, reversal, policyBalanceChange
    case pendingApproval = "pendingapproval"
    case transfer, txRequest, txRequestTransaction
    case addressConfirmation = "address_confirmation"
    case admin, circuitBreaker, lowFee, lowFeeAddressBalance, transaction, transactionExpire, transactionRemoved
    case transactionFinality = "transaction_finality_on_l1"
    case block, wireWithdrawal, fundsDeposited
    case walletConfirmation = "wallet_confirmation"
    case accountCreated, contractSigned, kycResult, stuckTx
}
