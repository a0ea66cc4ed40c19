/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * types_refs.c - the references of a BTF type, which libbpf 1.1 trusts
 */
#include "capture/kernel/types_refs.h"

static bool valid_id(const struct types *types, uint32_t id)
{
	return id < types->nr;
}

static bool valid_name(const struct types *types, uint32_t offset)
{
	return offset < types->nr_chars;
}

bool types_valid_refs(const struct types *types, const struct btf_type *t)
{
	uint32_t vlen = btf_vlen(t);

	if (!valid_name(types, t->name_off))
		return false;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		return valid_id(types, t->type);
	case BTF_KIND_ARRAY:
		return valid_id(types, btf_array(t)->type) &&
		       valid_id(types, btf_array(t)->index_type);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (uint32_t i = 0; i < vlen; i++)
			if (!valid_id(types, btf_members(t)[i].type) ||
			    !valid_name(types, btf_members(t)[i].name_off))
				return false;
		return true;
	case BTF_KIND_ENUM:
		for (uint32_t i = 0; i < vlen; i++)
			if (!valid_name(types, btf_enum(t)[i].name_off))
				return false;
		return true;
	case KIND_ENUM64:
		for (uint32_t i = 0; i < vlen; i++)
			if (!valid_name(types, btf_enum64(t)[i].name_off))
				return false;
		return true;
	case BTF_KIND_FUNC_PROTO:
		for (uint32_t i = 0; i < vlen; i++)
			if (!valid_id(types, btf_params(t)[i].type) ||
			    !valid_name(types, btf_params(t)[i].name_off))
				return false;
		return valid_id(types, t->type);
	case BTF_KIND_DATASEC:
		for (uint32_t i = 0; i < vlen; i++)
			if (!valid_id(types, btf_var_secinfos(t)[i].type))
				return false;
		return true;
	default:
		return true;
	}
}
