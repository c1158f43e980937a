/// The request of the KYC guide's JavaScript example, whose birth date is the moment at which it runs.
package func guideExample(birthdate: String) -> String {
    #"""
    {"birthdate":"\#(birthdate)","country":"USA","countryOfIncorporation":"USA",
    "countryOfCitizenship":"USA","countryOfResidence":"USA","govIdCountryOfIssuance":"USA",
    "addressStreet1":"Street 1","addressCity":"City","addressSubdivision":"state","addressPostalCode":"33604",
    "dateOfIncorporation":"2025-03-13T00:00:00Z","debugFailureReason":"expired","debugStatus":"passed",
    "enterpriseId":"67d28e40ea178ede86f296ac90032286","userId":"67d28e3dea178ede86f2962e959865a0",
    "nameFirst":"John","nameMiddle":"F","nameLast":"Doe","phoneNumber":"+442083661173",
    "occupation":"Other - Default","politicallyExposedPerson":false,
    "organizationId":"6573806ef79cafdd1aff42fbffc2ab20","transactionType":"institutionalIndividual"}
    """#
}
