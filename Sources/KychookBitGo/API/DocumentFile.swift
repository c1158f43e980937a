package import KychookModel

/// One file of a document upload, and what speaks against it.
package struct DocumentFile: Sendable {
    /// The last part of its path.
    package let name: String
    package let bytes: [UInt8]
    package let format: Format

    /// "Documents must not exceed 15MB in size and must be minimum 200x200px" (the guide's step 2). Whether a megabyte
    /// is 10^6 or 2^20 bytes is not said: the larger one refuses nothing that is allowed.
    package static let sizeLimit = ByteCount.mebibytes(15)
    package static let sideLimitInPixels = 200

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        format = Format(bytes)
    }

    /// By the file's first bytes, whatever its name.
    package enum Format: Equatable, Sendable {
        case png(ImageSize?)
        case jpeg(ImageSize?)
        case pdf
        case other

        init(_ bytes: [UInt8]) {
            if bytes.starts(with: ImageSize.pngSignature) {
                self = .png(ImageSize(png: bytes))
            } else if bytes.starts(with: ImageSize.jpegSignature) {
                self = .jpeg(ImageSize(jpeg: bytes))
            } else if bytes.starts(with: "%PDF-".utf8) {
                self = .pdf
            } else {
                self = .other
            }
        }

        var mediaType: String {
            switch self {
            case .png: "image/png"
            case .jpeg: "image/jpeg"
            case .pdf: "application/pdf"
            case .other: "application/octet-stream"
            }
        }
    }

    package enum Problem: Equatable, Sendable, CustomStringConvertible {
        case empty
        case tooLarge
        case tooSmall(ImageSize)
        case unreadableImage
        /// A warning: which formats are taken is not documented.
        case unknownFormat

        package var isWarning: Bool { self == .unknownFormat }

        package var description: String {
            switch self {
            case .empty: "is empty"
            case .tooLarge: "is larger than \(DocumentFile.sizeLimit): reduce it"
            case .tooSmall(let size):
                "is \(size.width)x\(size.height) pixels: \(DocumentFile.sideLimitInPixels)x"
                    + "\(DocumentFile.sideLimitInPixels) is the least"
            case .unreadableImage: "is a damaged image: its size cannot be read"
            case .unknownFormat: "is not png, jpeg or pdf, and may be refused"
            }
        }
    }

    /// nil: nothing speaks against it.
    package var problem: Problem? {
        if bytes.isEmpty { return .empty }
        if bytes.count > DocumentFile.sizeLimit.bytes { return .tooLarge }
        switch format {
        case .png(nil), .jpeg(nil): return .unreadableImage
        case .png(let size?), .jpeg(let size?):
            return min(size.width, size.height) < DocumentFile.sideLimitInPixels ? .tooSmall(size) : nil
        case .pdf: return nil
        case .other: return .unknownFormat
        }
    }
}
