/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON as the verbs write it: "schema" first, addresses as hex strings, sizes as numbers, unknown
 * as null. */
#ifndef KX_TOOL_JSON_H
#define KX_TOOL_JSON_H

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>

#include "libkexec.h"

struct json_object *kx_json_new(void);
/* Writes @json in lines and frees it. */
void kx_json_print(FILE *out, struct json_object *json);

/* A string, for an array. */
struct json_object *kx_json_text(const char *text);

void kx_json_string(struct json_object *json, const char *key, const char *text);
void kx_json_fact(struct json_object *json, const char *key, enum kx_fact fact);
void kx_json_size(struct json_object *json, const char *key, uint64_t size);
void kx_json_address(struct json_object *json, const char *key, uint64_t address);

#endif
