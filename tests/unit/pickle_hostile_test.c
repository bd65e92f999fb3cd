/* SPDX-License-Identifier: MIT
 *
 * pickle_hostile_test.c - pickles that are not checkpoints: those that would
 * run code, break the stack machine or exhaust it.  Each is refused, with
 * the offset of the opcode, or found harmless. */
#include <time.h>

#include "tests/unit/opened_files.h"
#include "tests/unit/pickler.h"

typedef struct hostile {
    const char *rule;
    const char *bytes;
    size_t size;
    const char *where, *what;
} hostile;

#define PICKLE(protocol, program)                                            \
    "\x80" protocol program, sizeof("\x80" protocol program) - 1
#define P2(program) PICKLE("\x02", program)
#define P4(program) PICKLE("\x04", program)

static void refuse_rows(const hostile *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        refuse_bytes(rows[i].rule, rows[i].bytes, rows[i].size, rows[i].where,
                     rows[i].what);
    }
}

#define REFUSE(rows) refuse_rows(rows, sizeof(rows) / sizeof(rows)[0])

/* ---- code -------------------------------------------------------------- */

#define TEXT(length, text) "\x8c" length text

static const hostile code[] = {
    {"GLOBAL os.system", P2("cos\nsystem\nX\x02\0\0\0ls\x85R."),
     ":0x2: ", "os.system"},
    {"STACK_GLOBAL os.system",
     P4(TEXT("\x02", "os")
            TEXT("\x06", "system") "\x93" TEXT("\x02", "ls") "\x85R."),
     ":0xe: ", "os.system"},
    {"by way of the memo",
     P4(TEXT("\x06", "system") "\x94" TEXT(
         "\x02", "os") "\x94}h\x01h\x00\x93" TEXT("\x02", "ls") "\x85Rs."),
     ":0x15: ", "os.system"},
    {"by way of the memo, by index",
     P2("X\x02\0\0\0osq\x07X\x06\0\0\0system"
        "r\x09\0\0\0]h\x07j\x09\0\0\0\x93"
        "a."),
     ":0x23: ", "os.system"},
    {"deep in a value",
     P4("}" TEXT("\x03", "ema") "}" TEXT(
         "\x01", "a") "](K\x01(cposix\nsystem\n" TEXT("\x02",
                                                      "ls") "\x85Rtess."),
     ":0x11: ", "posix.system"},
    {"never called", P2("}cbuiltins\neval\nNs."), ":0x3: ", "builtins.eval"},
    {"exec", P2("c__builtin__\nexec\n."), ":0x2: ", "__builtin__.exec"},
    {"getattr", P2("cbuiltins\ngetattr\n."), ":0x2: ", "builtins.getattr"},
    {"a function of an allowed module",
     P2("ctorch_utils.persistence\n"
        "_src_to_module\n."),
     ":0x2: ", "_src_to_module"},
    {"another", P2("ctorch\nload\n."), ":0x2: ", "torch.load"},
    {"a method of an allowed class", P2("ccollections\nOrderedDict.pop\n."),
     ":0x2: ", "OrderedDict.pop"},
    {"a blank behind", P2("ccollections\nOrderedDict \n."),
     ":0x2: ", "OrderedDict "},
    {"a blank in front", P2("c collections\nOrderedDict\n."),
     ":0x2: ", " collections"},
    {"another case", P2("cCollections\nOrderedDict\n."),
     ":0x2: ", "Collections"},
    {"a zero behind",
     P4(TEXT("\x0b", "collections") TEXT("\x0c", "OrderedDict\0") "\x93."),
     ":0x1d: ", "OrderedDict?"},
    {"the parts swapped", P2("cOrderedDict\ncollections\n."),
     ":0x2: ", "OrderedDict.collections"},
    {"no names", P2("c\n\n."), ":0x2: ", "names ."},
    {"control bytes in a name", P2("c\x1b[2J\n\r\n."),
     ":0x2: ", "names ?[2J.?"},
    {"names that are no strings", P4("NN\x93."), ":0x4: ", "two strings"},
    {"bytes as names", P4("C\x02osC\x06system\x93."),
     ":0xe: ", "two strings"},
    {"INST", P2("(X\x02\0\0\0lsios\nsystem\n."), ":0xa: ", "opcode"},
    {"OBJ", P2("(X\x02\0\0\0lso."), ":0xa: ", "opcode"},
    {"EXT1", P2("\x82\x01."), ":0x2: ", "opcode"},
    {"EXT2", P2("\x83\x01\0."), ":0x2: ", "opcode"},
    {"EXT4", P2("\x84\x01\0\0\0."), ":0x2: ", "opcode"},
    {"NEWOBJ_EX", P4(")))\x92."), ":0x5: ", "opcode"},
};

/* Calls of what may be named, but not like this. */
static const hostile calls[] = {
    {"REDUCE of a string", P2("X\x02\0\0\0os)R."), ":0xa: ", "REDUCE"},
    {"REDUCE of a tuple", P2("))R."), ":0x4: ", "REDUCE"},
    {"REDUCE of a call", P2("ctorch.storage\n_load_from_bytes\n)R)R."),
     ":0x25: ", "REDUCE"},
    {"REDUCE of a storage", P2("ctorch\nFloatStorage\n)R."),
     ":0x17: ", "REDUCE"},
    {"REDUCE of ModuleDict",
     P2("ctorch.nn.modules.container\nModuleDict\n)R."), ":0x2a: ", "REDUCE"},
    {"REDUCE with a list", P2("ccollections\nOrderedDict\n]R."),
     ":0x1c: ", "an empty tuple, got a list"},
    {"OrderedDict with items", P2("ccollections\nOrderedDict\n]\x85R."),
     ":0x1d: ", "an empty tuple, got a tuple"},
    {"NEWOBJ of OrderedDict", P2("ccollections\nOrderedDict\n)\x81."),
     ":0x1c: ", "NEWOBJ"},
    {"NEWOBJ of None", P2("N)\x81."), ":0x4: ", "NEWOBJ"},
    {"NEWOBJ with an argument",
     P2("ctorch.nn.modules.container\nModuleDict\n"
        "N\x85\x81."),
     ":0x2b: ", "NEWOBJ"},
    {"BUILD of a tuple", P2(")}b."), ":0x4: ", "BUILD"},
    {"BUILD of None", P2("N}b."), ":0x4: ", "BUILD"},
    {"BUILD of a plain dict", P2("}}b."), ":0x4: ", "BUILD"},
    {"BUILD of a storage", P2("ctorch.storage\n_load_from_bytes\n)R}b."),
     ":0x25: ", "BUILD"},
    {"BUILD of a name", P2("cnumpy\ndtype\n}b."), ":0x10: ", "BUILD"},
    {"BUILD twice", P2("cnumpy\ndtype\n)R)b)b."), ":0x14: ", "BUILD"},
};

/* The other ways to be wrong. */
static const hostile stacks[] = {
    {"SETITEM on a tuple", P2(")NNs."), ":0x5: ", "wanted a dict, got a tup"},
    {"SETITEM on a list", P2("]NNs."), ":0x5: ", "wanted a dict, got a list"},
    {"SETITEM on a call", P2("ctorch.storage\n_load_from_bytes\n)RNNs."),
     ":0x26: ", "wanted a dict, got a call"},
    {"SETITEMS on a string", P2("X\0\0\0\0(NNu."), ":0xa: ", "got a string"},
    {"SETITEMS of three", P2("}(NNNu."), ":0x7: ", "a key without a value"},
    {"APPEND to a dict", P2("}Na."), ":0x4: ", "wanted a list, got a dict"},
    {"APPENDS to a set", P4("\x8f(Ne."),
     ":0x5: ", "wanted a list, got a set"},
    {"ADDITEMS to a list", P4("](N\x90."),
     ":0x5: ", "wanted a set, got a list"},
    {"nothing to pop", P2("\x85."), ":0x2: ", "missing on the stack"},
    {"one too few", P2("N\x86."), ":0x3: ", "wanted 2, got 1"},
    {"below a mark", P2("N(\x85."), ":0x4: ", "wanted 1, got 0"},
    {"SETITEM below a mark", P2("}(NNs."), ":0x6: ", "missing on the stack"},
    {"MEMOIZE of nothing", P4("\x94."), ":0x2: ", "missing on the stack"},
    {"BINPUT of a mark", P2("N(q\0."), ":0x4: ", "missing on the stack"},
    {"TUPLE without a mark", P2("Nt."), ":0x3: ", "no mark"},
    {"SETITEMS without a mark", P2("}NNu."), ":0x5: ", "no mark"},
    {"BUILD of nothing", P2("}b."), ":0x3: ", "missing on the stack"},
    {"an empty pickle", P2("."), ":0x2: ", "missing on the stack"},
    {"a mark as the value", P2("(."), ":0x3: ", "missing on the stack"},
    {"a value left", P2("NN."), ":0x4: ", "left on the stack"},
    {"a mark left", P2("(N."), ":0x4: ", "0 and 1 marks"},
    {"no STOP", P2("N"), ":0x3: ", "wanted STOP"},
    {"bytes behind STOP", P2("N.N"), ":0x4: ", "1 bytes more"},
    {"PROTO twice", P2("\x80\x02N."), ":0x2: ", "opcode"},
    {"BINGET of nothing", P2("Nq\0h\x01."), ":0x5: ", "got 1"},
    {"BINGET of a hole", P2("Nq\x05h\x04."), ":0x5: ", "got 4"},
    {"LONG_BINGET of 2^32 - 1", P2("j\xff\xff\xff\xff."),
     ":0x2: ", "got 4294967295"},
    {"LONG_BINPUT of 2^32 - 1", P2("Nr\xff\xff\xff\xff."),
     ":0x3: ", "values in the memo"},
    {"LONG_BINPUT of 2^20", P2("Nr\0\0\x10\0."),
     ":0x3: ", "values in the memo"},
    {"a string too long", P2("X\x05\0\0\0abc."), ":0x2: ", "wanted 5"},
    {"a string of 4 GiB",
     P2("X\xff\xff\xff\xff"
        "abc."),
     ":0x2: ", "wanted 4294967295"},
    {"bytes of 2^63",
     P4("\x8e\0\0\0\0\0\0\0\x80"
        "abc."),
     ":0x2: ", "wanted 9223372036854775808"},
    {"bytes of 2^64 - 1",
     P4("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"
        "abc."),
     ":0x2: ", "wanted 18446744073709551615"},
    {"a string of 2^64 - 8",
     P4("\x8d\xf8\xff\xff\xff\xff\xff\xff\xff"
        "."),
     ":0x2: ", "wanted 18446744073709551608"},
    {"a frame too long", P4("\x95\x05\0\0\0\0\0\0\0N."),
     ":0x2: ", "outside the pickle"},
    {"a frame of 2^64 - 1", P4("\x95\xff\xff\xff\xff\xff\xff\xff\xffN."),
     ":0x2: ", "outside the pickle"},
    {"a name without its end", P2("ccollections\nOrderedDict"),
     ":0x2: ", "the end of a name"},
    {"LONG1 cut short", P2("\x8a\x0a\x6c\xfc"), ":0x2: ", "wanted 10"},
    {"a float cut short", P2("G\x7f"), ":0x2: ", "wanted 8"},
};

/* Opcodes that Python knows and checkpoints do not use. */
static const hostile opcodes[] = {
    {"POP", P2("NN0."), ":0x4: ", "0x30"},
    {"POP_MARK", P2("N(1."), ":0x4: ", "0x31"},
    {"DUP", P2("N2."), ":0x3: ", "0x32"},
    {"INT", P2("I5\n."), ":0x2: ", "0x49"},
    {"LONG", P2("L5L\n."), ":0x2: ", "0x4c"},
    {"LONG4", P2("\x8b\x01\0\0\0\x05."), ":0x2: ", "0x8b"},
    {"FLOAT", P2("F5\n."), ":0x2: ", "0x46"},
    {"STRING", P2("S'a'\n."), ":0x2: ", "0x53"},
    {"BINSTRING", P2("T\0\0\0\0."), ":0x2: ", "0x54"},
    {"SHORT_BINSTRING", P2("U\0."), ":0x2: ", "0x55"},
    {"UNICODE", P2("Va\n."), ":0x2: ", "0x56"},
    {"DICT", P2("(d."), ":0x3: ", "0x64"},
    {"LIST", P2("(l."), ":0x3: ", "0x6c"},
    {"GET", P2("Np0\ng0\n."), ":0x3: ", "0x70"},
    {"PERSID", P2("Pa\n."), ":0x2: ", "0x50"},
    {"FROZENSET", P4("(\x91."), ":0x3: ", "0x91"},
    {"BYTEARRAY8", PICKLE("\x05", "\x96\0\0\0\0\0\0\0\0."), ":0x2: ", "0x96"},
    {"NEXT_BUFFER", PICKLE("\x05", "\x97."), ":0x2: ", "0x97"},
    {"READONLY_BUFFER", PICKLE("\x05", "N\x98."), ":0x3: ", "0x98"},
    {"zero", P2("\0."), ":0x2: ", "0x00"},
    {"0xff", P2("\xff."), ":0x2: ", "0xff"},
};

static void refuses_code(void **state)
{
    (void)state;
    REFUSE(code);
    REFUSE(calls);
}

static void refuses_broken_programs(void **state)
{
    (void)state;
    REFUSE(stacks);
    REFUSE(opcodes);
}

/* Pickles without tensors. */
static const hostile roots[] = {
    {"None", P2("N."), ":0x2: ", "got None"},
    {"a list", P2("]."), ":0x2: ", "got a list"},
    {"an empty dict", P2("}."), ":0x2: ", "a network under 'ema'"},
    {"no ema", P2("}X\x01\0\0\0eNs."), ":0x2: ", "a network under 'ema'"},
    {"ema is None", P2("}X\x03\0\0\0emaNs."), ":0x2: ", "under 'ema'"},
    {"a persistent identifier", P2("NQ."), ":0x3: ", "got a persistent"},
    {"an object without a dict",
     P2("}X\x03\0\0\0ema"
        "ctorch_utils.persistence\n_reconstruct_persistent_obj\n)Rs."),
     ":0x41: ", "persistent object"},
    {"an object of nothing",
     P2("}X\x03\0\0\0ema"
        "ctorch_utils.persistence\n_reconstruct_persistent_obj\n}\x85Rs."),
     ":0x40: ", "'class'"},
    {"a tensor of nothing", P2("ctorch._utils\n_rebuild_tensor_v2\n)R."),
     ":0x24: ", "storage, offset, shape and strides"},
    {"a parameter of nothing", P2("ctorch._utils\n_rebuild_parameter\n)R."),
     ":0x24: ", "a tensor in it"},
    {"a parameter of None", P2("ctorch._utils\n_rebuild_parameter\nN\x85R."),
     ":0x23: ", "not a tensor"},
};

static void refuses_other_values(void **state)
{
    (void)state;
    REFUSE(roots);
}

/* ---- bombs ------------------------------------------------------------- */

/* Refused or not, but soon: seconds of one core, with a sanitizer. */
static void run_bomb(const char *rule, pickler *p, const char *what)
{
    out o = end_pickle(p);
    clock_t begin = clock();
    refuse_bytes(rule, o.at, o.size, ":0x", what);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    if (seconds > 10.0) {
        fail_msg("%s: wanted at most 10 s, got %g", rule, seconds);
    }
    free(o.at);
}

static void repeat(pickler *p, const char *opcodes_of, size_t size,
                   uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        put(&p->frame, opcodes_of, size);
    }
}

/* Each tuple holds the one before twice: by copy, 2^200 values. */
static void survives_doubling(void **state)
{
    (void)state;
    pickler *p = begin_pickle(true);
    PUT(&p->frame, "()\x94");
    for (uint32_t i = 0; i < 200; i++) {
        put_get(p, i);
        put_get(p, i);
        PUT(&p->frame, "\x86\x94");
    }
    PUT(&p->frame, "t");
    run_bomb("tuples that hold the one before twice", p, "got a tuple");
    p = begin_pickle(true);
    PUT(&p->frame, "]\x94");
    for (uint32_t i = 0; i < 200; i++) {
        PUT(&p->frame, "](");
        put_get(p, 0);
        put_get(p, 0);
        PUT(&p->frame, "ea");
    }
    run_bomb("a list that holds lists of itself", p, "got a list");
}

static void survives_depth(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    pickler *p = begin_pickle(false);
    PUT(&p->frame, "N");
    repeat(p, "\x85", 1, DEPTH);
    run_bomb("tuples in tuples", p, "got a tuple");
    p = begin_pickle(false);
    repeat(p, "]", 1, DEPTH);
    repeat(p, "a", 1, DEPTH - 1);
    run_bomb("lists in lists", p, "got a list");
    p = begin_pickle(false);
    repeat(p, "(", 1, DEPTH);
    repeat(p, "t", 1, DEPTH);
    run_bomb("marks in marks", p, "got a tuple");
}

static void survives_numbers(void **state)
{
    (void)state;
    enum { MANY = 2000000 };
    static const struct {
        const char *rule, *opcodes, *what;
        size_t size;
    } rows[] = {
        {"objects", "N", "too many objects", 1},
        {"marks", "(", "too many marks", 1},
        {"fetches", "h\0", "too many values on the stack", 2},
        {"memo", "\x94", "too many values in the memo", 1},
        {"items", "h\0a", "too many references", 3},
        {"empty tuples", ")", "too many objects", 1},
        {"empty frames", "\x95\0\0\0\0\0\0\0\0", "got a list", 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pickler *p = begin_pickle(false);
        PUT(&p->frame, "]q\0");
        repeat(p, rows[i].opcodes, rows[i].size, MANY);
        run_bomb(rows[i].rule, p, rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_code),
        cmocka_unit_test(refuses_broken_programs),
        cmocka_unit_test(refuses_other_values),
        cmocka_unit_test(survives_doubling),
        cmocka_unit_test(survives_depth),
        cmocka_unit_test(survives_numbers),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
