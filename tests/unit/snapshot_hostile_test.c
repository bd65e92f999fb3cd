/* SPDX-License-Identifier: MIT
 *
 * snapshot_hostile_test.c - snapshots whose modules or arguments lie, and
 * every single mutilation of a good one. */
#include "tests/unit/refused_files.h"

/* ---- modules ----------------------------------------------------------- */

/* Begins an object whose state is open: items follow, then end_module. */
static uint32_t begin_module(pickler *p, const char *class_name)
{
    put_name(p, "torch_utils.persistence", "_reconstruct_persistent_obj");
    put_dict(p);
    PUT(&p->frame, "(");
    put_text(p, "type");
    put_text(p, "class");
    put_text(p, "version");
    put_integer(p, 6);
    put_text(p, "class_name");
    put_text(p, class_name);
    put_text(p, "state");
    put_dict(p);
    uint32_t state = p->memo - 1;
    put_text(p, "_parameters");
    put_ordered_dict(p);
    PUT(&p->frame, "s");
    put_text(p, "_buffers");
    put_ordered_dict(p);
    PUT(&p->frame, "s");
    put_text(p, "_modules");
    put_ordered_dict(p);
    return state;
}

static void end_module(pickler *p)
{
    PUT(&p->frame, "su");
    put_tuple(p, 1);
    put_call(p);
}

static pickler *begin_snapshot(void)
{
    pickler *p = begin_pickle(true);
    put_dict(p);
    put_text(p, "ema");
    return p;
}

static void refuses_modules_without_end(void **state)
{
    (void)state;
    enum { DEPTH = 10000 };
    pickler *p = begin_snapshot();
    for (int i = 0; i < DEPTH; i++) {
        (void)begin_module(p, "Layer");
        put_text(p, "a");
    }
    PUT(&p->frame, "N");
    for (int i = 0; i < DEPTH; i++) {
        PUT(&p->frame, "s");
        end_module(p);
    }
    PUT(&p->frame, "s");
    refuse_pickle("deep modules", p, "too deep");

    p = begin_snapshot();
    uint32_t inner = begin_module(p, "Layer");
    put_text(p, "a");
    put_name(p, "torch.nn.modules.container", "ModuleDict");
    PUT(&p->frame, ")\x81");
    put_get(p, inner); /* the state of the module it is in */
    PUT(&p->frame, "bs");
    end_module(p);
    PUT(&p->frame, "s");
    refuse_pickle("a module inside itself", p, "in two places");
}

/* Each level has two names for the one below: 2^10 walks of ten. */
static void refuses_modules_in_two_places(void **state)
{
    (void)state;
    pickler *p = begin_snapshot();
    for (int level = 0; level < 10; level++) {
        (void)begin_module(p, "Layer");
        put_text(p, "a");
    }
    (void)begin_module(p, "Layer");
    end_module(p);
    for (int level = 0; level < 10; level++) {
        uint32_t module = p->memo - 1;
        PUT(&p->frame, "s");
        put_text(p, "b");
        put_get(p, module);
        PUT(&p->frame, "s");
        end_module(p);
    }
    PUT(&p->frame, "s");
    refuse_pickle("a module under two names", p, "in two places");
}

static void refuses_values_that_are_no_modules(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        pickler *p = begin_snapshot();
        (void)begin_module(p, "EDMPrecond");
        put_text(p, "model");
        if (kind == 0) {
            PUT(&p->frame, "]");
        } else {
            put_name(p, "torch.nn.modules.container", "ModuleDict");
            PUT(&p->frame, ")\x81");
            put(&p->frame, "]b", kind == 1 ? 0 : 2);
        }
        PUT(&p->frame, "s");
        end_module(p);
        PUT(&p->frame, "s");
        refuse_pickle("no module", p,
                      kind < 2 ? "unusable module"
                               : "unusable state of a module");
    }
}

static void refuses_objects_that_are_no_modules(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *from, *to, *what;
    } rows[] = {
        {"another type", "class", "klass", "'class'"},
        {"another version", "version\x94K\x06", "version\x94K\x05",
         "version 6"},
        {"no version", "version", "Version", "version 6"},
        {"no class name", "class_name", "klass_name", "class_name"},
        {"no state", "state", "State", "class_name and state"},
        {"no parameters", "_parameters", "_Parameters", "_parameters"},
        {"no buffers", "_buffers", "_Buffers", "_buffers"},
        {"no modules", "_modules", "_Modules", "_modules"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pickler *p = begin_snapshot();
        (void)begin_module(p, "EDMPrecond");
        end_module(p);
        PUT(&p->frame, "s");
        out o = end_pickle(p);
        size_t size = strlen(rows[i].from);
        memcpy(find_bytes(&o, rows[i].from, size), rows[i].to, size);
        refuse_bytes(rows[i].rule, o.at, o.size, ":0x", rows[i].what);
        free(o.at);
    }
}

/* ---- texts beside a state dict ----------------------------------------- */

static void checks_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *key, *what; /* what: NULL if accepted */
        size_t key_size;
        const char *value;
        size_t size;
    } rows[] = {
        {"accepted", "cedm.x", NULL, 6, "a\nb", 3},
        {"empty", "cedm.x", NULL, 6, "", 0},
        {"a zero in the value", "cedm.x", "no zero bytes", 6, "a\0b", 3},
        {"a zero in the key", "cedm.\0", "no zero bytes", 6, "a", 1},
        {"another key", "cedn.x", "not a tensor", 6, "a", 1},
        {"the prefix alone", "cedm.", "not a tensor", 5, "a", 1},
    };
    cg_array array = {.name = "a",
                      .dtype = CG_F32,
                      .rank = 1,
                      .shape = {0},
                      .data = (const unsigned char *)""};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pickler *p = begin_pickle(true);
        put_dict(p);
        put_text(p, "a");
        put_tensor(p, &array, false);
        PUT(&p->frame, "s\x8c");
        put_number(&p->frame, rows[i].key_size, 1);
        put(&p->frame, rows[i].key, rows[i].key_size);
        PUT(&p->frame, "\x8c");
        put_number(&p->frame, rows[i].size, 1);
        put(&p->frame, rows[i].value, rows[i].size);
        PUT(&p->frame, "s");
        if (rows[i].what != NULL) {
            refuse_pickle(rows[i].rule, p, rows[i].what);
            continue;
        }
        cg_file *file = open_out(end_pickle(p));
        assert_string_equal(cg_find_metadata(file, "cedm.x"), rows[i].value);
        cg_close(file);
    }
}

/* ---- configuration ----------------------------------------------------- */

#define SIZES "\"img_resolution\":8,\"img_channels\":1,\"label_dim\":0"
#define SONG "\"model_type\":\"SongUNet\",\"precond\":\"EDMPrecond\"," SIZES

static out small_snapshot(const char *config)
{
    static const float weights[] = {0.5f, -1.0f, 2.0f, 0.25f, 3.0f, 9.0f};
    const cg_array arrays[] = {
        {.name = "model.enc.a.bias",
         .dtype = CG_F32,
         .rank = 1,
         .shape = {2},
         .elements = 2,
         .data = (const unsigned char *)weights},
        {.name = "model.enc.a.resample_filter",
         .dtype = CG_F32,
         .rank = 4,
         .shape = {1, 1, 1, 1},
         .elements = 1,
         .data = (const unsigned char *)weights},
        {.name = "model.enc.a.weight",
         .dtype = CG_F32,
         .rank = 2,
         .shape = {2, 3},
         .elements = 6,
         .data = (const unsigned char *)weights},
    };
    return snapshot(arrays, 3, config);
}

static void passes_arguments_on(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *wanted;
    } rows[] = {
        {"\"channel_mult\":[1,2],\"attn_resolutions\":[]",
         "\"channel_mult\":[1,2],\"attn_resolutions\":[]"},
        {"\"channel_mult\":[2]", "\"channel_mult\":[2],\"attn_resolutions\":"
                                 "[16]"},
        {"\"img_mult\":7", "\"img_mult\":7"},
        {"\"dropout\":0.13", "\"dropout\":0.13"},
        {"\"endpoint\":true,\"x\":false", "\"endpoint\":true,\"x\":false"},
        {"\"a\\\"b\\\\\\n\":1", "\"a\\\"b\\\\\\n\":1"},
        {"\"x\":\"\\\"},{\"", "\"x\":\"\\\"},{\""},
        {"\"sigma_min\":0.1,\"sigma_data\":1.25", "\"sigma_data\":0.5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char config[256];
        (void)snprintf(config, sizeof config, "{" SONG ",%s}",
                       rows[i].arguments);
        cg_file *file = open_out(small_snapshot(config));
        const char *got = cg_find_metadata(file, "cedm.config");
        assert_non_null(got);
        if (strstr(got, rows[i].wanted) == NULL ||
            strstr(got, SONG) == NULL || strstr(got, "sigma_max") != NULL ||
            strstr(got, "pseudo_n") != NULL ||
            strstr(got, "in_channels") != NULL) {
            fail_msg("wanted %s, got %s", rows[i].wanted, got);
        }
        cg_close(file);
    }
}

/* Which network it is: class names, defaults, constants that are not the
 * usual ones. */
static void passes_other_networks_on(void **state)
{
    (void)state;
    static const struct {
        const char *config, *from, *to, *wanted;
    } rows[] = {
        {"{\"model_type\":\"DhariwalUNet\",\"precond\":\"EDMPrecond\"," SIZES
         "}",
         "", "",
         "{\"model_type\":\"DhariwalUNet\",\"precond\":"
         "\"EDMPrecond\"," SIZES ",\"sigma_min\":0,\"sigma_data\":0.5,"
         "\"attn_resolutions\":[32,16,8],\"channel_mult\":[1,2,3,4]}"},
        {"{\"model_type\":\"SongUNet\",\"precond\":\"VPPrecond\"," SIZES "}",
         "", "",
         "{\"model_type\":\"SongUNet\",\"precond\":\"VPPrecond\"," SIZES
         ",\"attn_resolutions\":[16]}"},
        {"{\"model_type\":\"SongUNet\",\"precond\":\"VPPrecond\"," SIZES "}",
         "sigma_min", "epsilon_t",
         "{\"model_type\":\"SongUNet\",\"precond\":"
         "\"VPPrecond\"," SIZES
         ",\"epsilon_t\":0,\"attn_resolutions\":[16]}"},
        {"{\"model_type\":\"A\",\"precond\":\"B\"," SIZES "}", "", "",
         "{\"model_type\":\"A\",\"precond\":\"B\"," SIZES
         ",\"attn_resolutions\":[16]}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        out o = small_snapshot(rows[i].config);
        size_t size = strlen(rows[i].from);
        memcpy(find_bytes(&o, rows[i].from, size), rows[i].to, size);
        cg_file *file = open_out(o);
        assert_string_equal(cg_find_metadata(file, "cedm.config"),
                            rows[i].wanted);
        cg_close(file);
    }
}

static void refuses_strange_arguments(void **state)
{
    (void)state;
    static const char *const arguments[] = {"\"x\":[[1]]", "\"x\":[1,[2]]"};
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        char config[128];
        (void)snprintf(config, sizeof config, "{" SONG ",%s}", arguments[i]);
        out o = small_snapshot(config);
        refuse_bytes(arguments[i], o.at, o.size, ":0x", "x is unusable");
        free(o.at);
    }
    char config[1024], long_text[300];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    (void)snprintf(config, sizeof config, "{" SONG ",\"x\":\"%s\"}",
                   long_text);
    refuse_out("a long text", small_snapshot(config), ":0x", "x is unusable");
    (void)snprintf(config, sizeof config, "{" SONG ",\"%s\":1}", long_text);
    refuse_out("a long name", small_snapshot(config), ":0x",
               "a short string");
    int used = snprintf(config, sizeof config, "{" SONG);
    for (int i = 0; i < 64; i++) {
        used += snprintf(config + used, sizeof config - (size_t)used,
                         ",\"x%d\":1", i);
    }
    (void)snprintf(config + used, sizeof config - (size_t)used, "}");
    refuse_out("many arguments", small_snapshot(config), ":0x",
               "a short dict");
    /* an infinite number has no JSON; sigma_max may be one, no other */
    out o = small_snapshot("{" SONG "}");
    memcpy(find_bytes(&o, "sigma_max", 9), "sigma_mix", 9);
    cg_close(open_out(o));
    o = small_snapshot("{" SONG "}");
    unsigned char *at = find_bytes(&o, "sigma_min", 9);
    memcpy(at, "sigma_mon", 9);
    memcpy(find_bytes(&o, "sigma_max", 9), "sigma_min", 9);
    refuse_bytes("sigma_min of inf", o.at, o.size, ":0x",
                 "sigma_min is unusable");
    free(o.at);
}

/* ---- mutilations ------------------------------------------------------- */

static const char good[] = "{" SONG ",\"channel_mult\":[1],"
                           "\"resample_filter\":[1,1]}";

static void survives_every_truncation(void **state)
{
    (void)state;
    out o = small_snapshot(good);
    check_truncations(&o);
    free(o.at);
}

/* Numbers, keys that are not read and the source text change unseen. */
static void survives_every_changed_byte(void **state)
{
    (void)state;
    out o = small_snapshot(good);
    check_changes(&o);
    free(o.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_modules_without_end),
        cmocka_unit_test(refuses_modules_in_two_places),
        cmocka_unit_test(refuses_values_that_are_no_modules),
        cmocka_unit_test(refuses_objects_that_are_no_modules),
        cmocka_unit_test(checks_metadata),
        cmocka_unit_test(passes_arguments_on),
        cmocka_unit_test(passes_other_networks_on),
        cmocka_unit_test(refuses_strange_arguments),
        cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(survives_every_changed_byte),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
