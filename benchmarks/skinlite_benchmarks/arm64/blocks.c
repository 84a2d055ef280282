/* A plugin for qemu: how often each block of the guest's code is executed.
 *
 * qemu-aarch64 -plugin file=blocks.so,out=FILE PROGRAM writes a line for each block: its address in
 * hexadecimal, how often it was executed, and its instructions, a word each, in hexadecimal. qemu
 * doesn't install qemu-plugin.h everywhere; what is declared here is version 1 of that interface,
 * that of qemu 6 to 8 (docs/devel/tcg-plugins.rst there; 9 counts otherwise). For one thread.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t, void (*)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_atexit_cb(uint64_t, void (*)(uint64_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;

struct block {
    uint64_t address, executed;
    size_t length;
    struct block *next;
    uint32_t words[];
};
static struct block *blocks;
static const char *out;

static void translated(uint64_t id, struct qemu_plugin_tb *code) {
    size_t length = qemu_plugin_tb_n_insns(code);
    struct block *block = calloc(1, sizeof *block + length * sizeof *block->words);
    if (!block) abort();
    block->address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(code, 0));
    block->length = length;
    for (size_t i = 0; i < length; i++)
        memcpy(block->words + i, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(code, i)), 4);
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_inline(code, ADD_U64, &block->executed, 1);
}

static void ended(uint64_t id, void *unused) {
    FILE *file = fopen(out, "w");
    if (!file) abort();
    for (struct block *block = blocks; block; block = block->next) {
        if (!block->executed) continue;
        fprintf(file, "%" PRIx64 " %" PRIu64, block->address, block->executed);
        for (size_t i = 0; i < block->length; i++) fprintf(file, " %08" PRIx32, block->words[i]);
        fputc('\n', file);
    }
    if (fclose(file)) abort();
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int count, char **arguments) {
    if (count != 1 || strncmp(arguments[0], "out=", 4)) return -1;
    out = strdup(arguments[0] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
