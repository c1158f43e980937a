import Foundation
import Glibc
import KychookTesting
import Testing

/// Where identities stand, as an operator asks for it.
@Suite struct IdentitiesTests {
    @Test func `show draws the time line, in the server's life and after it`() throws {
        let kychook = try Installation()
        for status in ["initiating", "in review", "approved", "in review"] {
            #expect(try kychook.post(Installation.body("ident-1", status, key: UUID().uuidString)).status == 200)
        }
        let alive = kychook.output(["identities", "show", "ident-1"]).lines
        #expect(alive.first == "bitgo/identity/ident-1")
        #expect(alive[1].hasPrefix("status: in review (in_review) since "))
        let ids = kychook.events().compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
        #expect(
            alive.filter { $0.hasPrefix("    ") } == [
                "    first  via webhook  \(ids[0])", "    changed  via webhook  \(ids[1])",
                "    changed  via webhook  \(ids[2])",
                "    changed  via webhook  \(ids[3])  ODD: from \"approved\" (final)",
            ]
        )
        let heads = alive.filter { $0.contains("\"") && !$0.hasPrefix("    ") }
        #expect(heads.map { $0.contains("  for ") } == [true, true, true, false])
        #expect(heads.map { $0.contains("  so far ") } == [false, false, false, true])
        #expect(heads.first?.contains(#""initiating" (received)"#) == true)
        kychook.process.send(SIGTERM)
        #expect(kychook.process.end() == .exited(0))
        let later = kychook.output(["identities", "show", "bitgo/identity/ident-1"]).lines
        #expect(later.filter { $0.hasPrefix("    ") } == alive.filter { $0.hasPrefix("    ") })
        #expect(kychook.output(["identities", "show", "nobody"]).end == .exited(65))
    }

    @Test func `show tells machines the same, deliveries and all`() throws {
        let kychook = try Installation(sinks: ["hook: { shell: { command: [/bin/sh, -c, 'exit 65'] } }"])
        #expect(try kychook.post(Installation.body("ident-1", "initiating")).status == 200)
        #expect(try kychook.post(Installation.body("ident-1", "declined")).status == 200)
        #expect(kychook.process.line { $0.contains("dead") && $0.contains("hook") } != nil)
        let json = kychook.output(["identities", "show", "ident-1", "--json"]).lines
        let document = try JSONSerialization.jsonObject(with: Data(json.joined().utf8)) as? [String: Any]
        #expect(document?["group"] as? String == "final")
        let events = try #require(document?["events"] as? [[String: Any]])
        #expect(events.map { $0["group"] as? String } == ["received", "final"])
        #expect(events.map { $0["odd"] as? Bool } == [false, false])
        #expect(events.map { $0["until"] == nil } == [false, true])
        #expect(events[0]["until"] as? String == events[1]["received"] as? String)
        #expect(events.allSatisfy { $0["lastedSeconds"] is Int })
        let deliveries = try #require(events[0]["deliveries"] as? [[String: Any]])
        #expect(deliveries.map { $0["sink"] as? String } == ["hook"])
        #expect(deliveries.map { $0["state"] as? String } == ["dead"])
    }

    @Test func `list finds who waits, by group and by age`() throws {
        let kychook = try Installation()
        let standing = [
            ("a", "awaiting document upload"), ("b", "ssn error"), ("c", "awaiting signature"), ("d", "approved"),
            ("e", "sleeping"),
        ]
        for (identity, status) in standing {
            #expect(try kychook.post(Installation.body(identity, status)).status == 200)
        }
        func found(_ options: String...) throws -> [String] {
            try kychook.output(["identities", "list", "--json"] + options).lines.map { line in
                let members = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return members?["id"] as? String ?? ""
            }
        }
        #expect(try found() == ["e", "d", "c", "b", "a"])
        #expect(try found("--group", "needs_customer") == ["b", "a"])
        #expect(try found("--group", "needs_customer", "--status", "ssn error") == ["b"])
        #expect(try found("--group", "closing") == [])
        #expect(try found("--stuck-for", "0s") == ["a", "b", "c", "e"])
        #expect(try found("--stuck-for", "0s", "--group", "final") == ["d"])
        #expect(try found("--stuck-for", "0s", "--status", "approved") == ["d"])
        #expect(try found("--stuck-for", "1h") == [])
        let table = kychook.output(["identities", "list", "--group", "final"]).lines
        #expect(table.count == 2 && table[1].hasSuffix("identity/d  approved  final"))
    }

    @Test func `list refuses what it cannot know`() throws {
        let kychook = try Installation()
        #expect(kychook.output(["identities", "list", "--group", "finale"]).end == .exited(64))
        #expect(kychook.output(["identities", "list", "--stuck-for", "soon"]).end == .exited(64))
        let apart = ["identities", "list", "--state-dir", kychook.state]
        #expect(kychook.output(apart, withConfiguration: false).end == .exited(0))
        #expect(kychook.output(apart + ["--group", "final"], withConfiguration: false).end == .exited(64))
    }
}
