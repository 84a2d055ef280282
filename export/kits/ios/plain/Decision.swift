// NOT COMPILED by skinlite's tests, which have no Swift. The Android kit's plain/ is the same, tested.
// From the pixels and the probabilities to a decision, with the numbers of the manifest.
import Foundation

/// What is decided for one picture.
struct Decided: Encodable {
    /// Of the picture from the training images.
    let distance: Double
    /// Whether the network knows such pictures; if not, the rest means nothing.
    let familiar: Bool
    /// Labels of the classes that can't be ruled out.
    let classes: [String]
    /// Whether each operating point is reached.
    let points: [String: Bool]
}

/// The manifest's `decision`. Its dictionaries have labels and names as keys, which JSONDecoder
/// leaves as they are.
struct Decision: Decodable {
    struct Point: Decodable {
        let classes: [String]
        let threshold: Double?
    }
    struct Sets: Decodable { let thresholds: [String: Double] }
    struct Familiarity: Decodable {
        let statistics: [String]
        let mean: [Double]
        let whitening: [[Double]]
        let threshold: Double
    }
    let points: [String: Point]
    let sets: Sets
    let familiarity: Familiarity

    /// Whether this kit can make it: its statistics, and the classes of `labels`.
    func isKnown(_ labels: [String]) -> Bool {
        let rows = familiarity.whitening + [familiarity.mean]
        return familiarity.statistics == statisticNames
            && rows.count == statisticNames.count + 1
            && rows.allSatisfy { $0.count == statisticNames.count }
            && labels.allSatisfy { sets.thresholds[$0] != nil }
            && points.values.allSatisfy { $0.classes.allSatisfy(labels.contains) }
    }

    /// Decide as skinlite does; `labels`: in the order of the probabilities; `pixels`: what the image
    /// tensor was made of. Throws where a probability isn't a number: below every threshold, it would
    /// rule its class out.
    func decide(_ probabilities: [Float], _ labels: [String], _ pixels: Pixels) throws -> Decided {
        guard probabilities.allSatisfy(\.isFinite) else {
            throw KitError("The network's probabilities aren't all numbers.")
        }
        let real = probabilities.map(Double.init)
        let best = real.indices.max { real[$0] < real[$1] || (real[$0] == real[$1] && $0 > $1) }
        let off = zip(statistics(pixels), familiarity.mean).map { $0 - $1 }
        let distance = familiarity.whitening.reduce(0.0) { sum, row in
            let along = zip(row, off).reduce(0.0) { $0 + $1.0 * $1.1 }
            return sum + along * along
        }
        let known = points.compactMapValues { point in
            point.threshold.map { threshold in
                point.classes.reduce(0.0) { $0 + real[labels.firstIndex(of: $1)!] } >= threshold
            }
        }
        return Decided(
            distance: distance, familiar: distance <= familiarity.threshold,
            classes: labels.indices.filter { $0 == best || real[$0] >= sets.thresholds[labels[$0]]! }
                .map { labels[$0] },
            points: known)
    }
}

/// What `statistics` gives, in order.
private let statisticNames: [String] =
    ["mean", "log deviation", "centre minus border"].flatMap { name in ["R", "G", "B"].map { "\(name) \($0)" } }
    + ["log deviation R - G", "log deviation G - B", "log step", "log step of a grid half as fine"]
private let grid = 16  // cells a side
private let leastDeviation = 0.01, leastStep = 0.003  // added before a logarithm

/// The manifest's `familiarity.statistics`, in order.
func statistics(_ pixels: Pixels) -> [Double] {
    let channels = (0..<3).map { cells(pixels, $0) }
    let luma = (0..<grid * grid).map { (channels[0][$0] + channels[1][$0] + channels[2][$0]) / 3 }
    func logDeviation(_ values: [Double]) -> Double { log(deviation(values) + leastDeviation) }
    func minus(_ first: [Double], _ second: [Double]) -> [Double] { zip(first, second).map { $0 - $1 } }
    let contrast = channels.map { one in
        let centre = one.indices.filter(isCentre).map { one[$0] }
        let border = one.indices.filter { !isCentre($0) }.map { one[$0] }
        return mean(centre) - mean(border)
    }
    return channels.map(mean) + channels.map(logDeviation) + contrast + [
        logDeviation(minus(channels[0], channels[1])), logDeviation(minus(channels[1], channels[2])),
        log(step(luma, grid) + leastStep), log(step(halved(luma), grid / 2) + leastStep),
    ]
}

/// The mean of each cell of the central square, 0-1.
private func cells(_ pixels: Pixels, _ channel: Int) -> [Double] {
    let side = min(pixels.height, pixels.width)
    let top = (pixels.height - side) / 2, left = (pixels.width - side) / 2
    let ranges = (0..<grid).map { at -> Range<Int> in
        let start = at * side / grid
        return start..<max((at + 1) * side / grid, start + 1)
    }
    return (0..<grid * grid).map { cell in
        let rows = ranges[cell / grid], columns = ranges[cell % grid]
        var total = 0
        for row in rows {
            for column in columns {
                total += Int(pixels.levels[((top + row) * pixels.width + left + column) * 3 + channel])
            }
        }
        return Double(total) / Double(rows.count * columns.count) / 255
    }
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

private func deviation(_ values: [Double]) -> Double {
    let middle = mean(values)
    return mean(values.map { ($0 - middle) * ($0 - middle) }).squareRoot()
}

private func isCentre(_ cell: Int) -> Bool {
    let inside = grid / 4..<grid - grid / 4
    return inside.contains(cell / grid) && inside.contains(cell % grid)
}

/// Mean difference of neighbouring cells, over both directions.
private func step(_ cells: [Double], _ side: Int) -> Double {
    let across = cells.indices.filter { $0 % side < side - 1 }.map { abs(cells[$0 + 1] - cells[$0]) }
    let down = (0..<side * (side - 1)).map { abs(cells[$0 + side] - cells[$0]) }
    return (mean(across) + mean(down)) / 2
}

/// Each two by two cells as one.
private func halved(_ cells: [Double]) -> [Double] {
    let side = grid / 2
    return (0..<side * side).map { cell in
        let first = cell / side * 2 * grid + cell % side * 2
        return mean([first, first + 1, first + grid, first + grid + 1].map { cells[$0] })
    }
}
