# SPDX-License-Identifier: MIT
#
# rust_raw.awk - packaging/libcedm.abi as Rust: structures, numbers and
# functions of cedm.h and cedm_model.h; those for CUDA are left out.
#
#     awk -f scripts/rust_raw.awk packaging/libcedm.abi >examples/rust/src/raw.rs

BEGIN {
    n = split("uint8_t u8 uint16_t u16 uint32_t u32 uint64_t u64 int32_t i32 float f32 " \
        "double f64 size_t usize void c_void char c_char cedm_real f64 cedm_ref u32 " \
        "cedm_weight u32 cedm_status i32", word, " ")
    for (i = 1; i < n; i += 2) {
        plain[word[i]] = word[i + 1]
    }
    # Of function types, which exist as pointers alone.
    pointer["cedm_task *"] = pointer["cedm_parallel_for *"] = 1
}

# A type of C without arrays.
function simple(text,    name, target) {
    if (text in pointer) {
        sub(/ \*$/, "", text)
        return "Option<" text ">"
    }
    if (text ~ /\(\*/) {
        return "Option<unsafe extern \"C\" fn()>"
    }
    if (text ~ /^enum /) {
        return "u32"
    }
    target = text ~ /^const / ? "*const " : "*mut "
    name = text
    sub(/^const /, "", name)
    sub(/ *\*$/, "", name)
    sub(/^unsigned char$/, "uint8_t", name)
    if (text !~ /\*$/) {
        target = ""
    }
    return target (name in plain ? plain[name] : name)
}

function type(text,    size, count, i, result) {
    count = 0
    while (text !~ /\(\*/ && match(text, /\[[0-9]+u?\]$/)) {
        size[++count] = substr(text, RSTART + 1) + 0
        text = substr(text, 1, RSTART - 1)
    }
    sub(/ $/, "", text)
    result = simple(text)
    for (i = 1; i <= count; i++) {
        result = "[" result "; " size[i] "]"
    }
    return result
}

/cedm_cuda|CEDM_CUDA/ { next }

$1 == "member" {
    split($2, part, ".")
    text = $0
    for (i = 1; i <= 4; i++) {
        sub(/^[^ ]+ /, "", text)
    }
    at = ++members[part[1]]
    order[part[1], at] = $3
    # These are words of Rust.
    name = part[2] ~ /^(in|ref)$/ ? "r#" part[2] : part[2]
    line[part[1], $3] = "    pub " name ": " type(text) ","
}

$1 == "struct" { structs[++struct_count] = $2; bytes[$2] = $3 }

$1 == "number" { numbers[++number_count] = "pub const " $2 ": i32 = " $3 ";" }

$1 == "function" {
    text = $0
    sub(/^function /, "", text)
    match(text, /cedm_[a-z0-9_]+\(/)
    result = substr(text, 1, RSTART - 1)
    name = substr(text, RSTART, RLENGTH - 1)
    rest = substr(text, RSTART + RLENGTH)
    sub(/\)$/, "", rest)
    sub(/ $/, "", result)
    n = rest == "void" ? 0 : split(rest, parameter, ", ")
    list = ""
    for (i = 1; i <= n; i++) {
        list = list "\n        _: " type(parameter[i]) ","
    }
    functions[++function_count] = "    pub fn " name "(" list (n ? "\n    " : "") ") -> " \
        type(result) ";"
}

function print_struct(name,    n, i, k, least, seen) {
    print "#[repr(C)]\n#[derive(Clone, Copy)]\npub struct " name " {"
    n = members[name]
    for (i = 1; i <= n; i++) {
        least = -1
        for (k = 1; k <= n; k++) {
            at = order[name, k] + 0
            if (!(at in seen) && (least < 0 || at < least)) {
                least = at
            }
        }
        seen[least] = 1
        print line[name, least]
    }
    print "}"
    print "#[cfg(target_pointer_width = \"64\")]"
    print "const _: () = assert!(core::mem::size_of::<" name ">() == " bytes[name] ");\n"
}

END {
    print "// SPDX-License-Identifier: MIT"
    print "//! cedm.h and cedm_model.h, as they are: written by scripts/rust_raw.awk.\n"
    print "use core::ffi::{c_char, c_void};\n"
    print "pub type cedm_task = unsafe extern \"C\" fn(*mut c_void, u32, u32);"
    print "pub type cedm_parallel_for ="
    print "    unsafe extern \"C\" fn(*mut c_void, Option<cedm_task>, *mut c_void, u32);\n"
    for (i = 1; i <= number_count; i++) {
        print numbers[i]
    }
    print ""
    for (i = 1; i <= struct_count; i++) {
        print_struct(structs[i])
    }
    print "extern \"C\" {"
    for (i = 1; i <= function_count; i++) {
        print functions[i]
    }
    print "}"
}
