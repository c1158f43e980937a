import KychookConfig
import KychookModel
import Testing

@Suite("when")
struct FilterTests {
    private func filter(_ text: String) throws -> SinkFilter {
        try sink("when: \(text)\nlog: { path: /l }").filter
    }

    private func patterns(_ texts: String...) -> [SinkFilter.Pattern] {
        texts.map { .init($0) }
    }

    @Test
    func `every condition`() throws {
        for field in SinkFilter.Field.allCases {
            #expect(try filter("{ \(field.rawValue): [a, b] }") == .field(field, in: patterns("a", "b")))
            #expect(try filter("{ \(field.rawValue): a }") == .field(field, in: patterns("a")))
        }
        #expect(try filter("{ change: [first, late] }") == .change(in: [.first, .late]))
        #expect(try filter("{ via: api }") == .via(in: [.api]))
        #expect(try filter("{ status_changed: true }") == .change(in: [.first, .changed]))
        #expect(try filter("{ status_changed: false }") == .not(.change(in: [.first, .changed])))
        let pointer = try #require(JSONPointer("/a/b"))
        #expect(try filter("{ body: { /a/b: \"67d2*\" } }") == .body(pointer, in: patterns("67d2*")))
        #expect(try filter("{}") == .everything)
    }

    @Test(arguments: [SinkFilter.Field.status, .previousStatus])
    func `a status is asked for under every spelling that the provider has for it`(field: SinkFilter.Field) throws {
        #expect(
            try filter("{ \(field.rawValue): [evaluating submission, initiating, approved] }")
                == .field(
                    field,
                    in: patterns("evaluating submission", "initiating", "approved", "evalutating submission", "created")
                )
        )
        #expect(try filter("{ \(field.rawValue): created }") == .field(field, in: patterns("created")))
        // As `check` prints it.
        #expect(
            try filter("{ \(field.rawValue): [initiating, created] }")
                == .field(field, in: patterns("initiating", "created"))
        )
        #expect(try filter("{ type: initiating }") == .field(.type, in: patterns("initiating")))
    }

    @Test
    func `groups of statuses, and what is short for them`() throws {
        let known = StatusGroups([("bitgo", try #require(Provider.bitgo.preset))])
        let final = SinkFilter.group(in: [.final], of: known)
        let customer = SinkFilter.group(in: [.needsCustomer, .readyToSign], of: known)
        #expect(try filter("{ status_group: [needs_customer, ready_to_sign] }") == customer)
        #expect(try filter("{ status_group: final }") == final)
        #expect(try filter("{ terminal: true }") == final)
        #expect(try filter("{ terminal: false }") == .not(final))
        #expect(try filter("{ needs_customer: true }") == customer)
        #expect(try filter("{ needs_customer: false }") == .not(customer))
        #expect(try filter("{ terminal: false, needs_customer: false }") == .all([.not(final), .not(customer)]))
    }

    @Test
    func `conditions side by side must all hold; any, all and not nest`() throws {
        let expected = SinkFilter.all([
            .field(.type, in: patterns("identityStatus")),
            .change(in: [.first]),
            .any([.field(.status, in: patterns("approved")), .not(.all([.change(in: [.none]), .via(in: [.webhook])]))]),
        ])
        let text =
            "{ any: [ { status: approved }, { not: { change: none, via: webhook } } ], change: first, type: identityStatus }"
        let filter = try filter(text)
        #expect(filter == expected)
        #expect(try self.filter("{ all: [ { via: api } ] }") == .all([.via(in: [.api])]))
    }

    @Test(arguments: [
        Fault("{ change: [frist] }", 3, 22, "did you mean first?"),
        Fault("{ change: [] }", 3, 21, "empty list"),
        Fault("{ via: [hook] }", 3, 19, "webhook, api, reconcile, timeout or internal"),
        Fault("{ statuss: a }", 3, 13, "did you mean `status`?"),
        Fault("{ status: \"\" }", 3, 21, "empty"),
        Fault("{ status: { a: b } }", 3, 21, "must be text"),
        Fault("{ status_group: [finale] }", 3, 28, "did you mean final?"),
        Fault("{ status_group: [] }", 3, 27, "empty list"),
        Fault("{ terminal: yes }", 3, 23, "true or false"),
        Fault("{ needs_customer: 1 }", 3, 29, "true or false"),
        Fault("{ status_changed: yes }", 3, 29, "true or false"),
        Fault("{ status_changed: true, change: first }", 3, 13, "keep one"),
        Fault("{ body: {} }", 3, 19, "empty"),
        Fault("{ body: { a: b } }", 3, 21, "a JSON Pointer"),
        Fault("{ body: { /a: } }", 3, 21, "no value"),
        Fault("{ any: [] }", 3, 18, "empty list"),
        Fault("{ any: [ a ] }", 3, 20, "must be a mapping"),
        Fault("{ not: [ {} ] }", 3, 18, "must be a mapping"),
        Fault("[ a ]", 3, 11, "must be a mapping"),
    ]
    )
    func `faults`(fault: Fault) {
        expect(fault, among: problems(configuration(sink: "when: \(fault.text)\nlog: { path: /l }")))
    }

    @Test(arguments: [
        Fault("{ status: aproved }", 3, 21, "did you mean approved?"),
        Fault("{ status: [approved, nonsense-of-mine] }", 3, 32, "no source is known to send the status"),
        Fault("{ previous_status: in-review }", 3, 30, "did you mean in review?"),
        Fault("{ type: identitystatus }", 3, 19, "did you mean identityStatus?"),
        Fault("{ source: bitg }", 3, 21, "did you mean bitgo?"),
        Fault("{ subject: 0d2f6c1e }", 3, 22, "KIND/ID"),
        Fault("{ any: [ { not: { status: aproved } } ] }", 3, 37, "did you mean approved?"),
    ]
    )
    func `a word that no source sends is a warning with a suggestion`(fault: Fault) throws {
        expect(fault, among: try parse(configuration(sink: "when: \(fault.text)\nlog: { path: /l }")).warnings)
    }

    @Test(arguments: [
        "{ status: created }", "{ previous_status: evalutating submission }",
        "{ status: \"aprov*\" }", "{ status: in?review }", "{ status: [approved, declined, rejected] }",
        "{ type: uninterpreted }",
        "{ type: kychook.delivery.dead }", "{ source: bitgo, subject: identity/1, enterprise: x }",
    ]
    )
    func `globs and known words are no warning`(text: String) throws {
        #expect(try parse(configuration(sink: "when: \(text)\nlog: { path: /l }")).warnings.isEmpty)
    }

    @Test
    func `a source's own types and statuses are known words`() throws {
        let text = """
            sources:
              bitgo: { provider: bitgo, path: /b, secrets: { env: SECRET }, types: { own: { subject: user, statuses: [mine] } } }
            sinks:
              a: { when: { type: own, status: mine }, log: { path: /l } }

            """
        #expect(try parse(text + Rest.state).warnings.isEmpty)
    }

    @Test
    func `where a source may send anything, no word is odd`() throws {
        let text = """
            sources:
              any: { provider: custom, path: /b, secrets: { env: SECRET }, scheme: { header: s } }
            sinks:
              a: { when: { type: own, status: mine }, log: { path: /l } }

            """
        #expect(try parse(text + Rest.state).warnings.isEmpty)
    }

    @Test(arguments: ["status_group: final", "terminal: false", "needs_customer: true"])
    func `a condition on groups is odd where no source has any`(condition: String) throws {
        let text = """
            sources:
              any: { provider: custom, path: /b, secrets: { env: SECRET }, scheme: { header: s } }
            sinks:
              a: { when: { \(condition) }, log: { path: /l } }

            """
        expect(Fault("", 4, 16, "there is none"), among: try parse(text + Rest.state).warnings)
    }
}
