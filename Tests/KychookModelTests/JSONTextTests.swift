import KychookModel
import Testing

@Suite struct JSONTextTests {
    @Test(arguments: [
        ("", #""""#), ("é\u{1F600}", "\"é\u{1F600}\""), (#"a"b\c"#, #""a\"b\\c""#), ("a\r\nb", #""a\u000d\u000ab""#),
        ("\0\u{1F} ", #""\u0000\u001f ""#), ("~\u{7F}", #""~\u007f""#),
        // The control characters above ASCII, and the first one behind them.
        ("\u{80}\u{9B}2J\u{9F}", #""\u0080\u009b2J\u009f""#), ("\u{A0}", "\"\u{A0}\""),
        // The same last bytes after another first one.
        ("\u{C5}\u{2019}", "\"\u{C5}\u{2019}\""),
    ])
    func `control characters are escaped, and nothing else but quotes and backslashes`(text: String, json: String) {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text)
        #expect(String(decoding: bytes, as: UTF8.self) == json)
    }
}
