// JSON as far as a bundle needs it. No library, so that it runs on Android and on any JVM alike.
package skinlite

/** A value of a document; [place] is where it stands, for the message when it is another one. */
class Json private constructor(private val value: Any?, private val place: String) {
    val isNull get() = value == null
    val text: String get() = value as? String ?: fail("a text")
    val number: Double get() = value as? Double ?: fail("a number")
    /** A number or a text. */
    val simple: Any get() = value as? Double ?: value as? String ?: fail("a number or a text")
    val int: Int get() = number.toInt()
    val list: List<Json>
        get() = (value as? List<*> ?: fail("a list")).mapIndexed { at, one -> Json(one, "$place[$at]") }
    val entries: Map<String, Json>
        get() = (value as? Map<*, *> ?: fail("an object")).entries.associate { (name, one) ->
            name as String to Json(one, "$place.$name")
        }

    /** An object's entry; null, as JSON has it, where there is none. */
    operator fun get(name: String): Json =
        Json((value as? Map<*, *> ?: fail("an object"))[name], "$place.$name")

    override fun toString() = value.toString()

    private fun fail(wanted: String): Nothing =
        throw IllegalArgumentException("${place.removePrefix(".")}: $value isn't $wanted")

    companion object {
        /** @throws IllegalArgumentException it isn't JSON. */
        fun parse(text: String) = Json(Reader(text).document(), "")

        /** Write maps, sequences, float arrays, texts and numbers as JSON. */
        fun write(value: Any?, to: Appendable) {
            when (value) {
                is Map<*, *> -> items("{}", value.entries.asSequence(), to) { (name, one) ->
                    write(name, to)
                    to.append(':')
                    write(one, to)
                }
                is Sequence<*> -> items("[]", value, to) { write(it, to) }
                is FloatArray -> items("[]", value.asSequence(), to) { to.append(it.toString()) }
                is String -> {
                    to.append('"')
                    value.forEach { to.append(escape(it)) }
                    to.append('"')
                }
                else -> to.append(value.toString())
            }
        }

        private fun <T> items(ends: String, all: Sequence<T>, to: Appendable, write: (T) -> Unit) {
            to.append(ends[0])
            all.forEachIndexed { index, one ->
                if (index > 0) to.append(',')
                write(one)
            }
            to.append(ends[1])
        }

        private fun escape(char: Char) =
            if (char < ' ' || char == '"' || char == '\\') "\\u%04x".format(char.code) else "$char"
    }
}

private class Reader(private val text: String) {
    private var at = 0

    fun document(): Any? = value().also { if (skip() != null) fail() }

    private fun value(): Any? = when (skip()) {
        '{' -> buildMap { items('}') { put(string(), run { expect(':'); value() }) } }
        '[' -> buildList { items(']') { add(value()) } }
        '"' -> string()
        't' -> word("true", true)
        'f' -> word("false", false)
        'n' -> word("null", null)
        else -> number()
    }

    private fun items(end: Char, item: () -> Unit) {
        at++
        if (skip() == end) { at++; return }
        while (true) {
            item()
            if (skip() == end) { at++; return }
            expect(',')
        }
    }

    private fun string(): String {
        expect('"')
        val result = StringBuilder()
        while (true) {
            when (val char = next()) {
                '"' -> return result.toString()
                '\\' -> result.append(escaped())
                else -> result.append(char)
            }
        }
    }

    private fun escaped(): Char = when (val char = next()) {
        'b' -> '\b'
        'f' -> '\u000c'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> String(CharArray(4) { next() }).toIntOrNull(16)?.toChar() ?: fail()
        '"', '\\', '/' -> char
        else -> fail()
    }

    private fun number(): Double {
        val start = at
        while (at < text.length && text[at] in "+-.0123456789Ee") at++
        return text.substring(start, at).toDoubleOrNull() ?: fail()
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) fail()
        at += word.length
        return value
    }

    private fun expect(char: Char) { if (skip() != char) fail() else at++ }

    private fun next(): Char = if (at < text.length) text[at++] else fail()

    /** The next character that is no space, or null at the end. */
    private fun skip(): Char? {
        while (at < text.length && text[at] in " \t\r\n") at++
        return text.getOrNull(at)
    }

    private fun fail(): Nothing = throw IllegalArgumentException("JSON can't be read at character $at")
}
