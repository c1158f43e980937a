import KychookConfig
import KychookModel
import Testing

/// A configuration that uses nearly every key; its secrets come from the environment or a file.
let everything = """
    # Everything.
    listen:
      - { address: "127.0.0.1:8080" }
      - { address: "[::]:8081", insecure_plain: true }
    admin: { address: "0.0.0.0:8082", insecure_plain: true }
    state_dir: ../state dir
    log: { level: debug, format: json }
    limits:
      { body: 2MiB, head: 2000B, head_timeout: 1500ms, commit_wait: 0s, connections: 5, connections_per_address: 4 }
    sources:
      bitgo:
        provider: bitgo
        path: /webhooks/bitgo
        secrets: [ { file: s }, { env: SECRET } ]
        repeats: apply
        api:
          { base_url: "https://kyc.example", token: { env: SECRET }, organizations: [a, b], enterprises: [c],
            rate: 90/m, reconcile: off, silence: 7d }
        confirm: on_conflict
        confirm_within: 90s
        fields: { status: [/a~1b, /status], subject: { user: [/u] }, time: [/when] }
        types: { own: { subject: user, statuses: [mine, "null"] }, transfer: {} }
      standard:
        provider: standard-webhooks
        path: /webhooks/standard
        secrets: { env: STANDARD }
        fields: { key: [header:webhook-id], status: { identity: /s } }
      custom:
        provider: custom
        path: /webhooks/custom
        secrets: { env: SECRET }
        type_prefix: com.example.
        scheme:
          { header: Sig, list_separator: ",", prefix: "v1=", algorithm: hmac-sha512, encoding: base64,
            signed: "a {id} \\"{timestamp}\\".{body}", timestamp: { item: "t=", max_age: 90s } }
        fields: { status: /s, subject: /i, type: /t }
        types: [ a.b, c ]
    sinks:
      events: { log: { path: "/var/log/*kychook* \\u2028\\t.jsonl", rotate_size: 100MiB, keep: 2, body: none } }
      hook:
        when:
          any: [ { status: [approved, "*x*"] }, { all: [ { body: { /a: x } }, { body: { /b: [y, z] } } ] } ]
          not: { change: [late, repeated], via: api }
          type: [identityStatus, "null"]
          status_group: [checking, in_review]
          terminal: false
        shell: { command: [/hook, "", "a b", "~", "\\"\\\\"], environment: { A: "" }, user: nobody }
        rate: 7/h
        max_in_flight: 3
        circuit: { failures: 3, over: 0s, probe: 1500ms, probe_cap: 1h }
        start: beginning
        retry: { first: 1s, factor: 2.5, cap: 1h30m, give_up: 3d, jitter: 0.25 }
      crm:
        when: { status_changed: false, body: { "/x y": "67d2*" } }
        http:
          { url: "https://crm.example/hooks?a=b&c", format: original, pass_signature: true, signing_secret: { env: SECRET },
            proxy: "http://proxy.example:3128", client_certificate: c.pem, client_key: k.pem }
        retry: { schedule: [5s, 1500ms], jitter: 0 }
        rate: 0.123/s
      console: { stdout: }

    """

let everywhere = surroundings(
    variables: ["SECRET": "sandbox-secret-0001", "STANDARD": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    files: ["/etc/kychook/s": file("one\ntwo\n")]
)

@Suite("The printed configuration")
struct DescriptionTests {
    @Test
    func `reading what was printed gives the same configuration`() throws {
        let first = try parse(everything, in: everywhere).configuration
        let printed = first.describe()
        let second = try parse(printed, in: everywhere).configuration
        #expect(second.describe() == printed)
        #expect(second.listen == first.listen)
        #expect(second.admin == first.admin)
        #expect(second.stateDirectory == first.stateDirectory)
        #expect(second.limits == first.limits)
        #expect(second.log == first.log)
        #expect(second.sinks.map(\.retry) == first.sinks.map(\.retry))
        #expect(second.sinks.map(\.circuit) == first.sinks.map(\.circuit))
        #expect(second.sinks.map(\.rate) == first.sinks.map(\.rate))
        #expect(second.sinks.map(\.filter) == first.sinks.map(\.filter))
        #expect("\(second.sinks.map(\.kind))" == "\(first.sinks.map(\.kind))")
        for (one, two) in zip(first.sources, second.sources) {
            #expect(one.preset.scheme == two.preset.scheme)
            #expect(one.preset.fields == two.preset.fields)
            #expect(one.preset.types == two.preset.types)
            #expect(one.preset.typePrefix == two.preset.typePrefix)
            #expect(one.secrets.map { $0.withBytes { $0 } } == two.secrets.map { $0.withBytes { $0 } })
            #expect(one.api?.inWords == two.api?.inWords)
            #expect((one.confirm, one.confirmWithin) == (two.confirm, two.confirmWithin))
            #expect((one.name, one.path, one.provider, one.repeats) == (two.name, two.path, two.provider, two.repeats))
        }
        #expect(first.sources.count == second.sources.count)
    }

    @Test
    func `defaults are filled in, and secrets keep their origin and number only`() throws {
        let printed = try parse(everything, in: everywhere).configuration.describe()
        for line in [
            "state_dir: \"/etc/kychook/../state dir\"",
            "    secrets: [ { file: /etc/kychook/s }, { env: SECRET } ]  # 3 secrets",
            "    secrets: [ { env: STANDARD } ]  # 1 secret",
        ] {
            #expect(printed.split(separator: "\n").contains { $0 == line }, "\(line)")
        }
        #expect(printed.contains("idle_timeout: 75s"))
        #expect(!printed.contains("sandbox-secret"))
        #expect(!printed.contains("MfKQ9"))
    }

    @Test
    func `a secret of the file itself is masked, and the mask is refused`() throws {
        let text = configuration(source: "provider: bitgo\npath: /a\nsecrets: [ { value: hunter2 } ]")
        let printed = try parse(text).configuration.describe()
        #expect(printed.contains("secrets: [ { value: \"***\" } ]  # 1 secret"))
        #expect(problems(printed).map(\.message) == ["`***` is how `check` hides a secret: put the secret itself here"])
    }

    @Test
    func `only listen, admin and state_dir need a restart`() throws {
        let old = try parse(everything, in: everywhere).configuration
        var new = old
        new.limits.connections = 7
        new.sinks = []
        new.log.level = .error
        #expect(old.keysThatNeedRestart(for: new) == [])
        new.stateDirectory = "/other"
        #expect(old.keysThatNeedRestart(for: new) == ["state_dir"])
        new.listen.removeLast()
        #expect(old.keysThatNeedRestart(for: new) == ["listen", "state_dir"])
        new.admin = nil
        #expect(old.keysThatNeedRestart(for: new) == ["listen", "admin", "state_dir"])
    }
}

extension APIConfiguration {
    fileprivate var inWords: String {
        "\(baseURL) \(token.withBytes { $0 }) \(organizations) \(enterprises) \(rate) "
            + "\(String(describing: reconcile)) \(String(describing: silence))"
    }
}
