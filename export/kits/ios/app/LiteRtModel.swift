// NOT COMPILED by skinlite's tests, which have no Swift.
import Foundation
import TensorFlowLite
import UIKit

/// model.tflite on LiteRT's interpreter. It takes every number format by the tensor's name.
final class LiteRtModel: Model {
    private let contract: Contract
    private let runner: SignatureRunner

    init(_ contract: Contract, threads: Int = 1) throws {
        self.contract = contract
        var options = Interpreter.Options()
        options.threadCount = threads
        options.isXNNPackEnabled = true
        let path = contract.folder.appendingPathComponent(modelFile).path
        runner = try Interpreter(modelPath: path, options: options)
            .signatureRunner(with: "serving_default")
    }

    func run(_ inputs: [String: Data]) throws -> [String: Data] {
        try runner.invoke(with: inputs)
        return try Dictionary(
            uniqueKeysWithValues: contract.signature.outputs.map { ($0.name, try runner.output(named: $0.name).data) })
    }
}

/// Decode a picture to RGB, upright as its EXIF orientation says, its colours brought to sRGB.
func decode(_ data: Data) throws -> Pixels {
    guard let image = UIImage(data: data) else { throw KitError("This is not an image.") }
    let format = UIGraphicsImageRendererFormat()
    format.scale = 1
    let size = CGSize(width: image.size.width * image.scale, height: image.size.height * image.scale)
    let upright = UIGraphicsImageRenderer(size: size, format: format).image { _ in
        image.draw(in: CGRect(origin: .zero, size: size))
    }
    guard let drawn = upright.cgImage, let space = CGColorSpace(name: CGColorSpace.sRGB),
        let context = CGContext(
            data: nil, width: drawn.width, height: drawn.height, bitsPerComponent: 8,
            bytesPerRow: drawn.width * 4, space: space,
            bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue),
        let bytes = context.data?.bindMemory(to: UInt8.self, capacity: drawn.width * drawn.height * 4)
    else { throw KitError("This image can't be drawn.") }
    context.draw(drawn, in: CGRect(x: 0, y: 0, width: drawn.width, height: drawn.height))
    let count = drawn.width * drawn.height
    let levels = [UInt8](unsafeUninitializedCapacity: count * 3) { levels, filled in
        for pixel in 0..<count {
            for channel in 0..<3 { levels[pixel * 3 + channel] = bytes[pixel * 4 + channel] }
        }
        filled = count * 3
    }
    return Pixels(height: drawn.height, width: drawn.width, levels: levels)
}
