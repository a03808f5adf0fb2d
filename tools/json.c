// SPDX-License-Identifier: GPL-2.0-or-later
#include "json.h"

#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "util.h"

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

/* The bytes of the UTF-8 character at @text (Unicode 15, table 3-7), 0 when it is none. */
static size_t character_size(const unsigned char *text)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t size;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (*text < 0x80)
		return 1;
	for (size_t i = 0; i < KX_ARRAY_SIZE(forms); i++) {
		size_t n = 2;

		if (*text < forms[i].first_min || *text > forms[i].first_max)
			continue;
		if (text[1] < forms[i].second_min || text[1] > forms[i].second_max)
			return 0;
		while (n < forms[i].size && (text[n] & 0xc0) == 0x80)
			n++;
		return n == forms[i].size ? n : 0;
	}
	return 0;
}

/* JSON is UTF-8; file names and command lines are any bytes. What is no character becomes "?". */
struct json_object *kx_json_text(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);

	if (!copy)
		return NULL;
	for (char *p = copy; *p;) {
		size_t size = character_size((const unsigned char *)p);

		if (!size)
			*p = '?';
		p += size ? size : 1;
	}
	return json_object_new_string(copy);
}

void kx_json_string(struct json_object *json, const char *key, const char *text)
{
	json_object_object_add(json, key, text ? kx_json_text(text) : NULL);
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
