import Glibc
import KychookConfig
import KychookLinux

/// Any text is a configuration or has errors with places; nothing crashes, and what is printed can be read again.
struct ConfigurationTarget: FuzzTarget {
    private let surroundings = Surroundings(
        variables: ["SECRET": "sandbox-secret-0001"],
        workingDirectory: "/etc/kychook",
        readFile: { path, _ in .failure(SystemError(call: "open", subject: path, code: ENOENT)) }
    )

    let seeds = [
        "listen: [ { address: \"127.0.0.1:8080\" } ]\nstate_dir: ./s\nlimits: { body: 1MiB, head_timeout: 10s }\n",
        #"""
        listen: [ { address: "[::1]:1", trusted_proxies: [10.0.0.0/8] } ]
        admin: { address: "127.0.0.1:2" }
        state_dir: ./s
        limits: { free_space: 1GiB, connections_per_address: 4 }
        sources:
          a: { provider: bitgo, path: /a, secrets: [ { env: SECRET } ], confirm: never, types: [b] }
        sinks:
          l: { log: { path: ./l, body: none }, when: { not: { status: [x*] }, body: { /a/b: "c*" } } }
          h: { http: { url: "https://h.example/", format: original }, rate: 600/m, start: beginning }
          s: { shell: { command: [/bin/true, 'a b'], environment: { A: "\u0001" } }, retry: { first: 5s, factor: 4 } }
        """#,
        "sources:\n  a: { provider: bitgo, path: /a, secrets: [ { env: SECRET } ], fields: { status: [/s] } }\n",
        "sinks:\n  a: { shell: { command: [/bin/true] }, when: { any: [ { status: [a*] } ], not: { type: b } } }\n",
        "sinks: { a: { http: { url: \"http://h/\" }, retry: { schedule: [5s], jitter: 0.2 }, rate: 5/s } }\n",
        "a: &a [ *a, 'b', \"\\u0041\", |\n  text\n, >-\n  text\n ]\n---\n? !!str k\n: ~\n",
    ].map { Array($0.utf8) }

    func `try`(_ input: UnsafeRawBufferPointer) {
        do throws(ConfigurationErrors) {
            let printed = try parse(Array(input)).describe()
            let again = try? parse(Array(printed.utf8))
            precondition(again?.describe() == printed, "what is printed is not what was read")
        } catch {
            precondition(!error.problems.isEmpty, "refused without a reason")
        }
    }

    private func parse(_ text: [UInt8]) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(text, file: "kychook.yaml", surroundings: surroundings).configuration
    }
}
