// NOT COMPILED by skinlite's tests, which have no Swift. The Android kit's plain/ is the same, tested.
// How a picture becomes the pixels that the model takes, level by level as skinlite does it:
// centre crop, area average into the frame, bilinear with half-pixel centres, rounding.
// UIKit's and Core Image's own scaling give other levels.
import Foundation

/// RGB levels, row by row, upright.
struct Pixels {
    let height, width: Int
    var levels: [UInt8]
}

/// Crop, unless `whole`, and resize.
func fit(_ picture: Pixels, height: Int, width: Int, frame: [Int], whole: Bool = false) -> Pixels {
    if whole { return resize(reduce(picture, frame), height, width) }
    let rows = min(picture.height, max(1, picture.width * height / width))
    let columns = min(picture.width, max(1, picture.height * width / height))
    let top = (picture.height - rows) / 2, left = (picture.width - columns) / 2
    var cropped = Pixels(height: rows, width: columns, levels: [])
    cropped.levels.reserveCapacity(rows * columns * 3)
    for row in top..<(top + rows) {
        let start = (row * picture.width + left) * 3
        cropped.levels += picture.levels[start..<(start + columns * 3)]
    }
    return resize(reduce(cropped, frame), height, width)
}

/// Averaged by area (Pillow's BOX) where it exceeds the frame.
private func reduce(_ picture: Pixels, _ frame: [Int]) -> Pixels {
    let scale = max(Double(picture.height) / Double(frame[0]), Double(picture.width) / Double(frame[1]))
    if scale <= 1 { return picture }
    let height = max(1, Int((Double(picture.height) / scale).rounded(.toNearestOrEven)))
    let width = max(1, Int((Double(picture.width) / scale).rounded(.toNearestOrEven)))
    let across = boxes(picture.width, width), down = boxes(picture.height, height)
    var narrowed = [UInt8](repeating: 0, count: picture.height * width * 3)
    for row in 0..<picture.height {
        average(picture.levels, row * picture.width * 3, 3, across, &narrowed, row * width * 3, 3)
    }
    var levels = [UInt8](repeating: 0, count: height * width * 3)
    for column in 0..<width {
        average(narrowed, column * 3, width * 3, down, &levels, column * 3, width * 3)
    }
    return Pixels(height: height, width: width, levels: levels)
}

private let precision = 22  // bits: Pillow weighs 8-bit levels in fixed point

/// Where each target's box begins, and the weight of each source level in it.
private func boxes(_ size: Int, _ target: Int) -> [(first: Int, weights: [Int])] {
    let scale = Double(size) / Double(target)
    let support = 0.5 * max(scale, 1)
    return (0..<target).map { index in
        let centre = (Double(index) + 0.5) * scale
        let first = max(0, Int(centre - support + 0.5))
        let end = min(size, Int(centre + support + 0.5))
        let inside = (first..<end).map { position -> Double in
            let distance = (Double(position) - centre + 0.5) / max(scale, 1)
            return distance > -0.5 && distance <= 0.5 ? 1 : 0
        }
        let sum = inside.reduce(0, +)
        return (first, inside.map { Int(0.5 + $0 / sum * Double(1 << precision)) })
    }
}

/// Average three channels along one line; `step` is the distance of two pixels in it.
private func average(
    _ source: [UInt8], _ from: Int, _ step: Int, _ boxes: [(first: Int, weights: [Int])],
    _ target: inout [UInt8], _ to: Int, _ targetStep: Int
) {
    for (index, box) in boxes.enumerated() {
        for channel in 0..<3 {
            var sum = 1 << (precision - 1)
            for (offset, weight) in box.weights.enumerated() {
                sum += Int(source[from + (box.first + offset) * step + channel]) * weight
            }
            target[to + index * targetStep + channel] = UInt8(min(255, sum >> precision))
        }
    }
}

/// Bilinear with half-pixel centres, no antialias, computed in float32, rounded half to even.
private func resize(_ picture: Pixels, _ height: Int, _ width: Int) -> Pixels {
    let down = taps(picture.height, height), across = taps(picture.width, width)
    var levels = [UInt8](repeating: 0, count: height * width * 3)
    let length = picture.width * 3
    var line = [Float](repeating: 0, count: length)
    for (row, tap) in down.enumerated() {
        for index in 0..<length {
            let upper = Float(picture.levels[tap.first * length + index])
            let lower = Float(picture.levels[tap.second * length + index])
            let step = (lower - upper) * tap.weight
            line[index] = upper + step
        }
        for (column, tap) in across.enumerated() {
            for channel in 0..<3 {
                let a = line[tap.first * 3 + channel]
                let step = (line[tap.second * 3 + channel] - a) * tap.weight
                levels[(row * width + column) * 3 + channel] = UInt8((a + step).rounded(.toNearestOrEven))
            }
        }
    }
    return Pixels(height: height, width: width, levels: levels)
}

/// The two sources of each target, and the weight of the second.
private func taps(_ size: Int, _ target: Int) -> [(first: Int, second: Int, weight: Float)] {
    let scale = Float(Double(size) / Double(target))
    return (0..<target).map { index in
        let scaled = (Float(index) + 0.5) * scale
        let centre = min(Float(size - 1), max(0, scaled - 0.5))
        let first = Int(centre)
        return (first, min(first + 1, size - 1), centre - Float(first))
    }
}
