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
        "sources:\n  a: { provider: bitgo, path: /a, secrets: [ { env: SECRET } ], fields: { status: [/s] } }\n",
        "sinks:\n  a: { shell: { command: [/bin/true] }, when: { any: [ { status: [a*] } ], not: { type: b } } }\n",
        "sinks: { a: { http: { url: \"http://h/\" }, retry: { schedule: [5s], jitter: 0.2 }, rate: 5/s } }\n",
        "a: &a [ *a, 'b', \"\\u0041\", |\n  text\n, >-\n  text\n ]\n---\n? !!str k\n: ~\n",
    ].map { Array($0.utf8) }

    func `try`(_ input: UnsafeRawBufferPointer) {
        do throws(ConfigurationErrors) {
            let parsed = try Configuration.parse(Array(input), file: "kychook.yaml", surroundings: surroundings)
            _ = parsed.configuration.describe()
        } catch {
            precondition(!error.problems.isEmpty, "refused without a reason")
        }
    }
}
