import KychookConfig
import Testing

@Suite("admin")
struct AdminTests {
    @Test func `there is none by default`() throws {
        #expect(try parse(configuration("")).configuration.admin == nil)
        let embedded = EmbeddedConfiguration(stateDirectory: "/s").text
        let secret = file("x")
        #expect(try parse(embedded, in: surroundings(files: ["/s/bitgo.secret": secret])).configuration.admin == nil)
    }

    @Test(arguments: ["127.0.0.1:8081", "[::1]:1", "localhost:65535", "127.0.0.1:0"])
    func `an address on this machine is taken`(text: String) throws {
        let admin = try parse(configuration("admin: { address: \"\(text)\" }")).configuration.admin
        #expect(admin?.address.description == text)
        #expect(admin?.isInsecurePlain == false)
    }

    @Test(arguments: ["0.0.0.0:8081", "[::]:8081", "192.168.1.1:8081", "128.0.0.1:8081"])
    func `beyond loopback it must be asked for`(address: String) throws {
        let text = "admin: { address: \"\(address)\" }"
        expect(Fault(text, 1, 19, "insecure_plain: true"), among: problems(configuration(text)))
        let allowed = "admin: { address: \"\(address)\", insecure_plain: true }"
        #expect(try parse(configuration(allowed)).configuration.admin?.isInsecurePlain == true)
    }

    /// `listen`, then `admin`.
    @Test(arguments: [
        ("127.0.0.1:81", "127.0.0.1:81"), ("[::1]:81", "[::1]:81"), ("127.0.0.1:81", "localhost:81"),
        ("0.0.0.0:81", "127.0.0.1:81"), ("127.0.0.1:81", "0.0.0.0:81"), ("[::]:81", "[::1]:81"),
    ])
    func `where requests are accepted it is refused, and both are named`(listen: String, admin: String) {
        let text = """
            listen: [ { address: "\(listen)", insecure_plain: true } ]
            admin: { address: "\(admin)", insecure_plain: true }
            """
        let fault = Fault(text, 2, 19, "`admin` on \(admin) and `listen` on \(listen)")
        expect(fault, among: problems(configuration(text)))
    }

    @Test func `the default address counts as well`() {
        let fault = Fault("admin: { address: \"localhost:8080\" }", 1, 19, "`listen` on 127.0.0.1:8080")
        expect(fault, among: problems(configuration(fault.text)))
    }

    /// `listen`, then `admin`.
    @Test(arguments: [
        ("127.0.0.1:81", "127.0.0.1:80"), ("127.0.0.1:81", "127.0.0.1:82"), ("127.0.0.1:81", "127.0.0.2:81"),
        ("127.0.0.1:81", "[::1]:81"), ("0.0.0.0:81", "[::1]:81"), ("127.0.0.1:0", "127.0.0.1:0"),
    ])
    func `beside them it is taken`(listen: String, admin: String) {
        let text = """
            listen: [ { address: "\(listen)", insecure_plain: true } ]
            admin: { address: "\(admin)" }
            """
        #expect(problems(configuration(text)).isEmpty)
    }

    @Test(arguments: [
        Fault("admin: 127.0.0.1:8081", 1, 8, "`admin` must be a mapping"),
        Fault("admin: {}", 1, 8, "`address` is missing"),
        Fault("admin: { address: \"127.0.0.1:65536\" }", 1, 19, "must be an IP address"),
        Fault("admin: { address: \"127.0.0.1:1\", tls: {} }", 1, 34, "unknown key"),
        Fault("admin: { address: \"127.0.0.1:1\", insecure_plain: 1 }", 1, 50, "true or false"),
        Fault("admin:", 1, 1, "no value"),
    ])
    func `what cannot be listened on is refused`(fault: Fault) {
        expect(fault, among: problems(configuration(fault.text)))
    }
}
