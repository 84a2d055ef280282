// How a picture becomes the pixels that the model takes, level by level as skinlite does it:
// centre crop, area average into the frame, bilinear with half-pixel centres, rounding.
// Android's own scaling gives other levels, so it is used for decoding alone.
package skinlite

import kotlin.math.max
import kotlin.math.min

/** A decoded picture, upright (as its EXIF orientation says). */
interface Picture {
    val height: Int
    val width: Int

    /** ARGB of a region, row by row: what Bitmap.getPixels and BufferedImage.getRGB give. */
    fun read(left: Int, top: Int, width: Int, height: Int): IntArray
}

/** RGB levels, 0-255 as unsigned bytes, row by row. */
class Pixels(val height: Int, val width: Int, val levels: ByteArray)

private const val STRIP = 1 shl 20 // pixels in memory at a time, of a picture of many megapixels

/**
 * Crop and resize to [height] x [width]; [frame]: rows and columns, of the manifest's geometry, and
 * [whole]: whether it has no crop.
 */
fun fit(picture: Picture, height: Int, width: Int, frame: List<Int>, whole: Boolean = false): Pixels {
    if (whole) return resize(reduce(picture, 0, 0, picture.width, picture.height, frame), height, width)
    val rows = min(picture.height, max(1, (picture.width.toLong() * height / width).toInt()))
    val columns = min(picture.width, max(1, (picture.height.toLong() * width / height).toInt()))
    val top = (picture.height - rows) / 2
    val left = (picture.width - columns) / 2
    return resize(reduce(picture, left, top, columns, rows, frame), height, width)
}

/** A region as RGB; averaged by area (Pillow's BOX) where it exceeds the frame. */
private fun reduce(
    picture: Picture, left: Int, top: Int, columns: Int, rows: Int, frame: List<Int>,
): Pixels {
    val scale = max(rows / frame[0].toDouble(), columns / frame[1].toDouble())
    val height = if (scale > 1) max(1, Math.rint(rows / scale).toInt()) else rows
    val width = if (scale > 1) max(1, Math.rint(columns / scale).toInt()) else columns
    val across = boxes(columns, width)
    val narrowed = ByteArray(rows * width * 3)
    for (start in 0 until rows step max(1, STRIP / columns)) {
        val count = min(max(1, STRIP / columns), rows - start)
        val argb = picture.read(left, top + start, columns, count)
        val line = ByteArray(columns * 3)
        for (row in 0 until count) {
            for (index in line.indices) {
                line[index] = (argb[row * columns + index / 3] shr (16 - 8 * (index % 3))).toByte()
            }
            average(line, 0, 3, across, narrowed, (start + row) * width * 3, 3)
        }
    }
    if (height == rows) return Pixels(height, width, narrowed)
    val down = boxes(rows, height)
    val levels = ByteArray(height * width * 3)
    for (column in 0 until width) {
        average(narrowed, column * 3, width * 3, down, levels, column * 3, width * 3)
    }
    return Pixels(height, width, levels)
}

private const val PRECISION = 22 // bits: Pillow weighs 8-bit levels in fixed point

/** Where a target's box begins, and the weight of each source level in it. */
private class Box(val first: Int, val weights: IntArray)

private fun boxes(size: Int, target: Int): List<Box> {
    val scale = size / target.toDouble()
    val support = 0.5 * max(scale, 1.0)
    return List(target) { index ->
        val centre = (index + 0.5) * scale
        val first = max(0, (centre - support + 0.5).toInt())
        val end = min(size, (centre + support + 0.5).toInt())
        val inside = (first until end).map { position ->
            val distance = (position - centre + 0.5) / max(scale, 1.0)
            if (distance > -0.5 && distance <= 0.5) 1.0 else 0.0
        }
        val sum = inside.sum()
        Box(first, IntArray(inside.size) { (0.5 + inside[it] / sum * (1 shl PRECISION)).toInt() })
    }
}

/** Average three channels along one line; [step] is the distance of two pixels in it. */
private fun average(
    source: ByteArray, from: Int, step: Int, boxes: List<Box>, target: ByteArray, to: Int, targetStep: Int,
) {
    boxes.forEachIndexed { index, box ->
        for (channel in 0 until 3) {
            var sum = 1L shl (PRECISION - 1)
            var position = from + box.first * step + channel
            for (weight in box.weights) {
                sum += level(source, position).toLong() * weight
                position += step
            }
            target[to + index * targetStep + channel] = min(255, (sum shr PRECISION).toInt()).toByte()
        }
    }
}

/** Bilinear with half-pixel centres, no antialias, computed in float32, rounded half to even. */
private fun resize(picture: Pixels, height: Int, width: Int): Pixels {
    val down = taps(picture.height, height)
    val across = taps(picture.width, width)
    val levels = ByteArray(height * width * 3)
    val line = FloatArray(picture.width * 3)
    for (row in 0 until height) {
        val (first, second, weight) = down[row]
        for (index in line.indices) {
            val upper = level(picture.levels, first * line.size + index).toFloat()
            val lower = level(picture.levels, second * line.size + index).toFloat()
            line[index] = upper + (lower - upper) * weight
        }
        for (column in 0 until width) {
            val (left, right, share) = across[column]
            for (channel in 0 until 3) {
                val a = line[left * 3 + channel]
                val value = a + (line[right * 3 + channel] - a) * share
                levels[(row * width + column) * 3 + channel] = Math.rint(value.toDouble()).toInt().toByte()
            }
        }
    }
    return Pixels(height, width, levels)
}

/** The two sources of a target, and the weight of the second. */
private data class Tap(val first: Int, val second: Int, val weight: Float)

private fun taps(size: Int, target: Int): List<Tap> {
    val scale = (size / target.toDouble()).toFloat()
    return List(target) { index ->
        val centre = ((index + 0.5f) * scale - 0.5f).coerceIn(0f, size - 1f)
        val first = centre.toInt()
        Tap(first, min(first + 1, size - 1), centre - first)
    }
}

/** An unsigned byte. */
internal fun level(levels: ByteArray, index: Int): Int = levels[index].toInt() and 0xff
