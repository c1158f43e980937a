import KychookBitGo
import KychookInterpret
import KychookModel

extension SourcePreset {
    /// BitGo with other fields.
    static func bitgo(_ change: (inout FieldMap) -> Void) -> SourcePreset {
        var preset = SourcePreset.bitgo
        change(&preset.fields)
        return preset
    }

    func read(_ body: String, urlType: String? = nil, headers: [String: String] = [:]) -> Interpretation {
        read(Array(body.utf8), urlType: urlType, headers: headers)
    }

    func read(_ body: [UInt8], urlType: String? = nil, headers: [String: String] = [:]) -> Interpretation {
        body.withUnsafeBytes {
            Interpreter(preset: self).interpret($0, urlType: urlType, header: { headers[$0] }, reader: JSONReader())
        }
    }
}

extension FieldMap.Place {
    static func at(_ pointer: String) -> FieldMap.Place {
        guard let pointer = JSONPointer(pointer) else { preconditionFailure("\(pointer) is no JSON Pointer") }
        return .body(pointer)
    }
}
