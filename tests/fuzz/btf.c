/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf.c - any bytes as a kernel's BTF
 */
#include <base/array.h>

#include "capture/kernel/types.h"
#include "fuzz.h"

static void use_enum(const struct types *types, const struct btf_type *t)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; types_enum_value(types->btf, t, i, &name, &value); i++) {
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "a", "a.b", "scx.dsq",	    "",
					     ".", "a.",	 "scx.local_dsq.nr" };
	struct scxray_error err = { 0 };
	struct types types;
	uint64_t value;

	if (size > UINT32_MAX || types_parse(&types, data, (uint32_t)size, &err))
		return 0;
	for (uint32_t id = 0; id < types.nr && id < 4096; id++) {
		const struct btf_type *t = types_strip(&types, id, NULL);

		types_size(&types, id);
		for (size_t p = 0; p < ARRAY_SIZE(paths); p++)
			types_member(&types, id, paths[p]);
		if (t && (btf_is_enum(t) || btf_is_enum64(t)))
			use_enum(&types, t);
	}
	types_find(&types, "rq", BTF_KIND_STRUCT);
	types_enumerator(&types, "e", "A", &value);
	types_enum_name(&types, "e", 1);
	types_deinit(&types);
	return 0;
}
