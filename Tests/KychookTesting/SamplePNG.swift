/// The beginning of a PNG image of this size, which is as far as anybody looks.
package func samplePNG(_ width: Int, _ height: Int) -> [UInt8] {
    let size = [UInt8(width >> 8), UInt8(width & 0xFF), 0, 0, UInt8(height >> 8), UInt8(height & 0xFF)]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + [0, 0] + size
        + [8, 6, 0, 0, 0]
}
