/* SPDX-License-Identifier: MIT
 *
 * torchscript_test.c - archives of torch.jit.save: the tensors of objects by
 * names of attributes, and nothing else of them. */
#include "tests/unit/refused_files.h"

static const float numbers[6] = {1, 2, 3, 4, 5, 6};

static const cg_array row = {.name = "row",
                             .dtype = CG_F32,
                             .rank = 1,
                             .shape = {6},
                             .elements = 6,
                             .data = (const unsigned char *)numbers};

static void begin_net(pickler *p)
{
    begin_object(p, "__torch__", "Net");
}

static void put_row(pickler *p, const char *name)
{
    put_text(p, name);
    put_tensor(p, &row, true);
}

static out finish(pickler *p)
{
    const cg_array rows[] = {row, row, row};
    size_t storages = p->storages;
    assert_in_range(storages, 0, 3);
    out pickle = end_pickle(p), all = archive(&pickle, rows, storages);
    free(pickle.at);
    return all;
}

/* ---- what is read ------------------------------------------------------ */

#define GOLDEN "tests/golden/science/inception/tiny_torchscript"

static bool is_weight(const char *name)
{
    return strncmp(name, "layers.", 7) == 0 ||
           strncmp(name, "output.", 7) == 0;
}

static void golden_archive_has_the_tensors_of_its_module(void **state)
{
    (void)state;
    cg_error error;
    cg_file *script = cg_open(GOLDEN ".pt", &error);
    cg_file *golden = cg_open(GOLDEN ".golden.safetensors", &error);
    size_t weights = 0;
    if (script == NULL || golden == NULL) {
        fail_msg("%s", error.text);
        return;
    }
    for (size_t i = 0; i < golden->array_count; i++) {
        const cg_array *want = &golden->arrays[i];
        if (!is_weight(want->name)) {
            continue;
        }
        const cg_array *got = cg_find(script, want->name);
        if (got == NULL || got->rank != want->rank) {
            fail_msg("%s: wanted rank %d, got %s", want->name, want->rank,
                     got == NULL ? "nothing" : "another");
            return;
        }
        assert_memory_equal(got->shape, want->shape,
                            (size_t)want->rank * sizeof want->shape[0]);
        assert_memory_equal(got->data, want->data,
                            (size_t)want->elements * sizeof(float));
        weights++;
    }
    assert_int_equal(weights, 14);
    assert_int_equal(script->array_count, weights);
    cg_close(script);
    cg_close(golden);
}

/* [1, 2] with its type, as two versions of PyTorch write it. */
static void put_lists(pickler *p)
{
    put_text(p, "padding");
    put_name(p, "torch.jit._pickle", "build_intlist");
    PUT(&p->frame, "](K\x01K\x02"
                   "e");
    put_tuple(p, 1);
    put_call(p);
    put_text(p, "sizes");
    put_name(p, "torch.jit._pickle", "restore_type_tag");
    PUT(&p->frame, "](K\x01K\x02"
                   "e");
    put_text(p, "List[int]");
    put_tuple(p, 2);
    put_call(p);
}

static void other_attributes_are_left_alone(void **state)
{
    (void)state;
    pickler *p = begin_pickle(false);
    begin_net(p);
    put_row(p, "first");
    put_text(p, "training");
    PUT(&p->frame, "\x89");
    put_text(p, "_is_full_backward_hook");
    PUT(&p->frame, "N");
    put_lists(p);
    put_text(p, "inner");
    begin_object(p, "__torch__.torch.nn.modules.container",
                 "___torch_mangle_7");
    put_text(p, "0");
    begin_object(p, "__torch__.a.b", "Empty");
    end_object(p);
    put_row(p, "1");
    put_text(p, "__torch__");
    put_text(p, "os.system");
    end_object(p);
    put_text(p, "eps");
    put_real(p, 1e-3);
    end_object(p);
    cg_file *file = open_out(finish(p));
    assert_int_equal(file->array_count, 2);
    assert_true(cg_element(cg_find(file, "first"), 5) == 6.0);
    assert_true(cg_element(cg_find(file, "inner.1"), 0) == 1.0);
    cg_close(file);
}

/* ---- what is refused --------------------------------------------------- */

static void refuse_object(const char *rule, pickler *p, const char *what)
{
    refuse_out(rule, finish(p), ":data.pkl:0x", what);
}

static void refuses_objects_without_attributes(void **state)
{
    (void)state;
    pickler *p = begin_pickle(false);
    put_name(p, "__torch__", "Net");
    PUT(&p->frame, ")\x81");
    refuse_object("no state", p, "state is a dict");

    p = begin_pickle(false);
    put_name(p, "__torch__", "Net");
    PUT(&p->frame, ")\x81");
    put_row(p, "state");
    put_tuple(p, 2);
    PUT(&p->frame, "b");
    refuse_object("a state of its own", p, "state is a dict");

    p = begin_pickle(false);
    put_name(p, "__torch__", "Net");
    refuse_object("a class alone", p, "unusable checkpoint");
}

static void refuses_calls_of_classes(void **state)
{
    (void)state;
    pickler *p = begin_pickle(false);
    put_name(p, "__torch__", "Net");
    PUT(&p->frame, ")");
    put_call(p);
    refuse_object("REDUCE", p, "REDUCE of what is not called so");

    p = begin_pickle(false);
    put_name(p, "__torch__", "Net");
    put_text(p, "ls");
    put_tuple(p, 1);
    PUT(&p->frame, "\x81");
    refuse_object("arguments", p, "an empty tuple");

    static const char *const modules[] = {"__torch__x", "__torch", "torch",
                                          "x.__torch__", "torch.jit"};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        p = begin_pickle(false);
        put_name(p, modules[i], "Net");
        refuse_object(modules[i], p, "may run code");
    }
}

static void refuses_bad_trees(void **state)
{
    (void)state;
    pickler *p = begin_pickle(false);
    begin_net(p);
    put_text(p, "a");
    begin_object(p, "__torch__", "Layer");
    put_row(p, "x");
    end_object(p);
    put_text(p, "b");
    put_get(p, p->memo - 2); /* before the text */
    end_object(p);
    refuse_object("one object twice", p, "object in two places");

    p = begin_pickle(false);
    for (int i = 0; i < 17; i++) {
        begin_net(p);
        put_text(p, "a");
    }
    put_tensor(p, &row, true);
    for (int i = 0; i < 17; i++) {
        end_object(p);
    }
    refuse_object("17 objects inside each other", p, "too deep");

    p = begin_pickle(false);
    begin_net(p);
    put_integer(p, 1);
    put_tensor(p, &row, true);
    end_object(p);
    refuse_object("a number for a name", p, "unusable name");

    p = begin_pickle(false);
    put_name(p, "__torch__", "Net");
    PUT(&p->frame, ")\x81");
    memoize(p);
    PUT(&p->frame, "}(");
    put_text(p, "self");
    put_get(p, p->memo - 2);
    PUT(&p->frame, "ub");
    refuse_object("an object in itself", p, "object in two places");
}

static out small_archive(void)
{
    pickler *p = begin_pickle(false);
    begin_net(p);
    put_text(p, "layer");
    begin_object(p, "__torch__", "Layer");
    put_row(p, "weight");
    end_object(p);
    end_object(p);
    return finish(p);
}

static void survives_every_truncation(void **state)
{
    (void)state;
    out o = small_archive();
    check_truncations(&o);
    free(o.at);
}

static void survives_every_changed_byte(void **state)
{
    (void)state;
    out o = small_archive();
    check_changes(&o);
    free(o.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_archive_has_the_tensors_of_its_module),
        cmocka_unit_test(other_attributes_are_left_alone),
        cmocka_unit_test(refuses_objects_without_attributes),
        cmocka_unit_test(refuses_calls_of_classes),
        cmocka_unit_test(refuses_bad_trees),
        cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(survives_every_changed_byte),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
