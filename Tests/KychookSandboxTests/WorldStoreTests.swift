import Foundation
import GRDB
import Glibc
import KychookBitGo
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookSandbox

/// A world in a file, over restarts.
struct WorldStoreTests {
    /// What can be seen of a world from outside; the order of an object's members is none of it.
    private func view(_ world: World) throws -> [JSONValue] {
        let values =
            world.allIdentities.map { $0.json(hasAllData: true) } + world.allWebhooks.map(\.json)
            + world.notifications(limit: 500).map(\.json) + world.businesses.all.map { world.json(of: $0) }
        return try values.map { try JSONDecoder().decode(JSONValue.self, from: Data($0.bytes)) }
    }

    @Test func `a restart goes on where it was`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        let clock = TestClock()
        let owner = Owner.organization(Sample.organization)
        func open(seed: UInt64) throws -> Sandbox {
            try Sandbox(World(seed: seed), store: try WorldStore(path: path), clock: clock.wall)
        }
        var expected = try World.listening()
        _ = try expected.rotateSecret(of: owner, at: .start)
        _ = try expected.create()
        _ = expected.takeNotifications()

        try open(seed: 1).change { world, now in
            for type in [WebhookType.identityStatus, .userKycState, .enterpriseKycState] {
                _ = try? world.createWebhook(.init(type: type, url: Sample.url), for: owner, at: now)
            }
            _ = try? world.rotateSecret(of: owner, at: now)
            _ = try? world.create()
            let told = world.takeNotifications()
            world.record(attempt: Attempt(of: told[0].id, .answered(status: 200), isLast: false), at: now)
            expected.record(attempt: Attempt(of: told[0].id, .answered(status: 200), isLast: false), at: now)
            var changes = KYBChanges()
            changes.roles = ["controlPerson"]
            _ = world.createKYBIdentity(.entity, user: Sample.user, by: Sample.user, changes, at: now)
            _ = expected.createKYBIdentity(.entity, user: Sample.user, by: Sample.user, changes, at: now)
        }
        let second = try open(seed: 99)
        #expect(try second.look { try? view($0) } == view(expected))
        #expect(second.look { $0.nextDue } == expected.nextDue)
        #expect(second.look { $0.secrets(of: owner)?.current.text } == expected.secrets(of: owner)?.current.text)
        // Two of the three were not settled, and are sent again.
        #expect(try second.change { world, _ in world.takeNotifications().count } == 2)
        clock.advance(.seconds(86_400))
        let later = try second.change { world, now in world.takeNotifications() }
        expected.advance(to: .start + .seconds(86_400))
        #expect(later == expected.takeNotifications())
        #expect(later.count == 3)
    }

    @Test func `a file knows its last moment, and a clock behind it stands still`() throws {
        let directory = TemporaryDirectory()
        let store = try WorldStore(path: directory.path("sandbox.sqlite"))
        #expect(try store.lastMoment() == nil)
        let fast = TestClock()
        let first = try Sandbox(World(seed: 1), store: store, clock: fast.wall)
        fast.advance(.seconds(86_400))
        try first.change { world, _ in _ = world.makeRequestID() }
        #expect(try store.lastMoment() == .start + .seconds(86_400))
        let slow = TestClock()
        let second = try Sandbox(World(seed: 1), store: store, clock: slow.wall)
        #expect(try second.change { _, now in now } == .start + .seconds(86_400))
        slow.advance(.seconds(86_401))
        #expect(try second.change { _, now in now } == .start + .seconds(86_401))
    }

    @Test func `who only looks writes nothing`() throws {
        let directory = TemporaryDirectory()
        let store = try WorldStore(path: directory.path("sandbox.sqlite"))
        let clock = TestClock()
        let sandbox = try Sandbox(World(seed: 1), store: store, clock: clock.wall)
        try sandbox.change { world, _ in _ = world.makeRequestID() }
        clock.advance(.seconds(1))
        #expect(try sandbox.change { world, _ in world.allIdentities.count } == 0)
        #expect(try store.lastMoment() == .start)
    }

    @Test func `what is gone is gone after a restart`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        let owner = Owner.enterprise(Sample.enterprise)
        do {
            let first = try Sandbox(World(seed: 1), store: WorldStore(path: path), clock: TestClock().wall)
            let id = try first.change { world, now in
                try? world.createWebhook(.init(type: .identityStatus, url: Sample.url), for: owner, at: now).id
            }
            try first.change { world, _ in #expect(world.deleteWebhooks(of: owner, id: id, type: nil, url: nil) == 1) }
        }
        let second = try Sandbox(World(seed: 1), store: WorldStore(path: path), clock: TestClock().wall)
        #expect(second.look { $0.allWebhooks.isEmpty })
    }

    @Test func `nobody else may read the file`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        _ = try WorldStore(path: path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `a file that is no state is refused, by its path`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        try Data("this is not a database, and long enough to be looked at closely".utf8).write(to: URL(filePath: path))
        chmod(path, 0o600)
        let error = #expect(throws: WorldStoreError.self) { try WorldStore(path: path) }
        #expect(error?.description == "the sandbox's state \(path): file is not a database")
    }

    @Test func `a database of something else is refused, and left as it is`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("kychook.db")
        try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE event (id INTEGER PRIMARY KEY)") }
        chmod(path, 0o600)
        let error = #expect(throws: WorldStoreError.self) { try WorldStore(path: path) }
        #expect(error?.reason == "it does not hold the state of this version's sandbox")
        let tables = try DatabaseQueue(path: path).read {
            try String.fetchAll($0, sql: "SELECT name FROM sqlite_master")
        }
        #expect(tables == ["event"])
    }

    @Test func `two sandboxes cannot have one file`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        let first = try WorldStore(path: path)
        let error = #expect(throws: WorldStoreError.self) { try WorldStore(path: path) }
        #expect(error?.isInUse == true)
        #expect(error?.reason == "another sandbox has it open: end that one, or name another file")
        withExtendedLifetime(first) {}
    }

    @Test(arguments: [(0o600, true), (0o640, false), (0o604, false)])
    func `a file that others may read is refused`(permissions: UInt32, isTaken: Bool) throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        _ = try Descriptor.open(path, O_RDWR | O_CREAT)
        chmod(path, permissions)
        guard !isTaken else {
            _ = try WorldStore(path: path)
            return
        }
        let error = #expect(throws: WorldStoreError.self) { try WorldStore(path: path) }
        #expect(error?.reason.contains("chmod 600") == true)
    }

    @Test(arguments: [("none/sandbox.sqlite", "No such file or directory"), ("", "Is a directory")])
    func `what the system refuses is told in its words`(name: String, reason: String) {
        let directory = TemporaryDirectory()
        let error = #expect(throws: WorldStoreError.self) { try WorldStore(path: directory.path(name)) }
        #expect(error?.reason == reason)
    }

    @Test func `a row of another version is refused, not dropped`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        _ = try WorldStore(path: path)
        try DatabaseQueue(path: path).write {
            try $0.execute(sql: "INSERT INTO sandbox_object (kind, id, json) VALUES ('moon', '1', '{}')")
        }
        let store = try WorldStore(path: path)
        #expect(throws: WorldStoreError.self) { try Sandbox(World(seed: 1), store: store, clock: TestClock().wall) }
    }

    @Test func `what cannot be saved has not happened`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        _ = try WorldStore(path: path)
        try DatabaseQueue(path: path).write {
            let refusal = "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            try $0.execute(sql: "CREATE TRIGGER full BEFORE INSERT ON sandbox_object \(refusal)")
        }
        let sandbox = try Sandbox(World(seed: 1), store: WorldStore(path: path), clock: TestClock().wall)
        #expect(throws: WorldStoreError.self) { try sandbox.change { world, _ in _ = try? world.create() } }
        #expect(sandbox.look { $0.allIdentities.isEmpty })
    }
}
