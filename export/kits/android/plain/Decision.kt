// From the pixels and the probabilities to a decision, with the numbers of the manifest.
package skinlite

import kotlin.math.abs
import kotlin.math.ln
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt

/**
 * What is decided for one picture.
 * @property distance of the picture from the training images
 * @property familiar whether the network knows such pictures; if not, the rest means nothing
 * @property classes labels of the classes that can't be ruled out
 * @property points whether each operating point is reached
 */
class Decided(
    val distance: Double,
    val familiar: Boolean,
    val classes: List<String>,
    val points: Map<String, Boolean>,
)

/**
 * The manifest's `decision`; [labels]: of the classes, in the order of the probabilities.
 * @throws IllegalArgumentException other statistics or classes than this kit's and the bundle's
 */
class Decision(json: Json, private val labels: List<String>) {
    private class Point(val classes: List<Int>, val threshold: Double)

    private val thresholds = json["sets"]["thresholds"].let { all -> labels.map { all[it].number } }
    private val points = json["points"].entries.filterValues { !it["threshold"].isNull }.mapValues { (_, one) ->
        Point(one["classes"].list.map { labels.indexOf(it.text) }, one["threshold"].number)
    }
    private val farthest = json["familiarity"]["threshold"].number
    private val mean = json["familiarity"]["mean"].list.map(Json::number)
    private val whitening = json["familiarity"]["whitening"].list.map { it.list.map(Json::number) }

    init {
        require(json["familiarity"]["statistics"].list.map(Json::text) == STATISTICS) {
            "decision: the statistics aren't those that this kit computes"
        }
        val rows = whitening + listOf(mean)
        val known = points.values.none { -1 in it.classes }
        require(rows.size == STATISTICS.size + 1 && rows.all { it.size == STATISTICS.size } && known) {
            "decision: its numbers don't fit its statistics and classes"
        }
    }

    /**
     * Decide as skinlite does; [pixels]: what the image tensor was made of. Throws where a probability isn't
     * a number: below every threshold, it would rule its class out.
     */
    fun decide(probabilities: FloatArray, pixels: Pixels): Decided {
        check(probabilities.all(Float::isFinite)) { "The network's probabilities aren't all numbers." }
        val best = probabilities.indices.maxByOrNull { probabilities[it] }
        val off = statistics(pixels).zip(mean, Double::minus)
        val distance = whitening.sumOf { row -> row.zip(off, Double::times).sum().let { it * it } }
        return Decided(
            distance,
            distance <= farthest,
            labels.filterIndexed { at, _ -> at == best || probabilities[at].toDouble() >= thresholds[at] },
            points.mapValues { (_, point) ->
                point.classes.fold(0.0) { sum, at -> sum + probabilities[at].toDouble() } >= point.threshold
            },
        )
    }
}

/** What [statistics] gives, in order. */
private val STATISTICS =
    listOf("mean", "log deviation", "centre minus border").flatMap { name -> "RGB".map { "$name $it" } } +
        listOf("log deviation R - G", "log deviation G - B", "log step", "log step of a grid half as fine")
private const val GRID = 16 // cells a side
private const val DEVIATION = 0.01 // added before a logarithm, like STEP
private const val STEP = 0.003

/** The manifest's `familiarity.statistics`, in order. */
fun statistics(pixels: Pixels): List<Double> {
    val channels = List(3) { cells(pixels, it) }
    val (red, green, blue) = channels
    val luma = List(GRID * GRID) { (red[it] + green[it] + blue[it]) / 3 }
    val logDeviation = { cells: List<Double> -> ln(deviation(cells) + DEVIATION) }
    return channels.map { it.average() } + channels.map(logDeviation) +
        channels.map { one ->
            val (centre, border) = one.withIndex().partition { isCentre(it.index) }
            centre.map { it.value }.average() - border.map { it.value }.average()
        } +
        logDeviation(red.zip(green, Double::minus)) + logDeviation(green.zip(blue, Double::minus)) +
        ln(step(luma, GRID) + STEP) + ln(step(halved(luma), GRID / 2) + STEP)
}

/** The mean of each cell of the central square, 0-1. */
private fun cells(pixels: Pixels, channel: Int): List<Double> {
    val side = min(pixels.height, pixels.width)
    val top = (pixels.height - side) / 2
    val left = (pixels.width - side) / 2
    val ranges = List(GRID) { at ->
        val start = at * side / GRID
        start until max((at + 1) * side / GRID, start + 1)
    }
    return List(GRID * GRID) { cell ->
        val rows = ranges[cell / GRID]
        val columns = ranges[cell % GRID]
        var total = 0L
        for (row in rows) for (column in columns) {
            total += level(pixels.levels, ((top + row) * pixels.width + left + column) * 3 + channel)
        }
        total.toDouble() / (rows.count() * columns.count()) / 255
    }
}

private fun deviation(values: List<Double>): Double {
    val middle = values.average()
    return sqrt(values.map { (it - middle) * (it - middle) }.average())
}

private fun isCentre(cell: Int): Boolean {
    val inside = GRID / 4 until GRID - GRID / 4
    return cell / GRID in inside && cell % GRID in inside
}

/** Mean difference of neighbouring cells, over both directions. */
private fun step(cells: List<Double>, side: Int): Double {
    val across = cells.indices.filter { it % side < side - 1 }.map { abs(cells[it + 1] - cells[it]) }
    val down = (0 until side * (side - 1)).map { abs(cells[it + side] - cells[it]) }
    return (across.average() + down.average()) / 2
}

/** Each two by two cells as one. */
private fun halved(cells: List<Double>): List<Double> {
    val side = GRID / 2
    return List(side * side) { cell ->
        val first = cell / side * 2 * GRID + cell % side * 2
        listOf(first, first + 1, first + GRID, first + GRID + 1).map(cells::get).average()
    }
}
