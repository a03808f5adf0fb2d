// SPDX-License-Identifier: GPL-2.0-or-later
#include "json.h"

#include <inttypes.h>

#define KX_JSON_SCHEMA 1

struct json_object *kx_json_new(void)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "schema", json_object_new_int(KX_JSON_SCHEMA));
	return json;
}

void kx_json_print(FILE *out, struct json_object *json)
{
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
							     JSON_C_TO_STRING_SPACED |
							     JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

void kx_json_string(struct json_object *json, const char *key, const char *text)
{
	json_object_object_add(json, key, text ? json_object_new_string(text) : NULL);
}

void kx_json_fact(struct json_object *json, const char *key, enum kx_fact fact)
{
	json_object_object_add(json, key,
			       fact == KX_UNKNOWN ? NULL : json_object_new_boolean(fact == KX_YES));
}

void kx_json_size(struct json_object *json, const char *key, uint64_t size)
{
	json_object_object_add(json, key, json_object_new_uint64(size));
}

void kx_json_address(struct json_object *json, const char *key, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	kx_json_string(json, key, text);
}
