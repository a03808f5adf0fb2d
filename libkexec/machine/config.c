// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the running kernel was built with: /proc/config.gz, or the file that distributions install
 * beside a kernel. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "compress/compress.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* A configuration has some 300 KiB; a hostile one is not inflated any further. */
#define CAP_CONFIG (8U << 20)

static const struct option {
	const char *name;
	size_t offset;
} options[] = {
	{ "CONFIG_KEXEC", offsetof(struct kx_config, kexec) },
	{ "CONFIG_KEXEC_FILE", offsetof(struct kx_config, kexec_file) },
	{ "CONFIG_KEXEC_SIG", offsetof(struct kx_config, kexec_sig) },
	{ "CONFIG_KEXEC_SIG_FORCE", offsetof(struct kx_config, kexec_sig_force) },
	{ "CONFIG_SECURITY_LOCKDOWN_LSM", offsetof(struct kx_config, lockdown) },
	{ "CONFIG_IMA", offsetof(struct kx_config, ima) },
	{ "CONFIG_IMA_KEXEC", offsetof(struct kx_config, ima_kexec) },
	{ "CONFIG_IMA_SECURE_AND_OR_TRUSTED_BOOT", offsetof(struct kx_config, ima_secure_boot) },
	{ "CONFIG_IMA_ARCH_POLICY", offsetof(struct kx_config, ima_arch_policy) },
	{ "CONFIG_IMA_WRITE_POLICY", offsetof(struct kx_config, ima_write_policy) },
	{ "CONFIG_KEXEC_HANDOVER", offsetof(struct kx_config, kho) },
	{ "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT", offsetof(struct kx_config, kho_default) },
};

static enum kx_fact *option_fact(struct kx_config *config, const struct option *option)
{
	return (enum kx_fact *)((char *)config + option->offset);
}

static const struct option *option_find(struct kx_view name)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(options); i++)
		if (kx_text_is(name, options[i].name))
			return &options[i];
	return NULL;
}

/* "CONFIG_KEXEC=y", or "# CONFIG_KEXEC is not set" */
static bool config_line_name(struct kx_view line, struct kx_view *ret)
{
	if (kx_text_starts(line, "# ") && kx_view_from(line, 2, &line))
		return kx_text_field(&line, ' ', ret) && kx_text_starts(*ret, "CONFIG_");
	return kx_text_field(&line, '=', ret) && kx_text_starts(*ret, "CONFIG_");
}

bool kx_config_line_counts(struct kx_view line)
{
	struct kx_view name;

	return config_line_name(line, &name) && option_find(name);
}

/* What is not set and what is not there are both no, once it is clear that this is a list of
 * options. */
int kx_config_parse(struct kx_view text, struct kx_config *config, struct kx_error *err)
{
	struct kx_config found = { .path = config->path };
	struct kx_view line, name;
	bool any = false;

	for (size_t i = 0; i < KX_ARRAY_SIZE(options); i++)
		*option_fact(&found, &options[i]) = KX_NO;
	while (kx_text_line(&text, &line)) {
		const struct option *option;

		if (!config_line_name(line, &name))
			continue;
		any = true;
		option = option_find(name);
		if (option && line.data[0] == 'C' && line.data[line.size - 1] == 'y')
			*option_fact(&found, option) = KX_YES;
	}
	if (!any)
		return kx_fail(err, EBADMSG, "the kernel's configuration names no option");
	*config = found;
	return 0;
}

static int gunzip(struct kx_view in, struct kx_blob *ret, struct kx_error *err)
{
	uint64_t size = 0, used = 0;
	int r = kx_codec_unpack(kx_codec_find(in), in, CAP_CONFIG, &ret->data, &size, &used, err);

	if (r == 0)
		ret->size = (size_t)size;
	return r;
}

/* A capture holds /proc/config.gz as plain text, cut down to the lines that count. */
static int read_config_file(struct kx_root *root, const char *path, struct kx_config *config,
			    struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 }, plain = { 0 };
	int r;

	r = kx_root_read(root, path, CAP_CONFIG, &blob);
	if (r < 0)
		return r;
	if (kx_view_equals(kx_blob_view(&blob), 0, "\x1f\x8b", 2)) {
		r = gunzip(kx_blob_view(&blob), &plain, err);
		if (r < 0) {
			kx_error_prefix(err, "%s", path);
			return r;
		}
		kx_blob_clear(&blob);
		blob = plain;
		plain = (struct kx_blob){ 0 };
		if (root->save_fd >= 0)
			kx_save_file(root, path, &blob);
	}
	r = kx_config_parse(kx_blob_view(&blob), config, err);
	if (r < 0)
		kx_error_prefix(err, "%s", path);
	return r;
}

static int read_config_at(struct kx_root *root, const char *path, struct kx_config *config,
			  struct kx_error *err)
{
	int r = read_config_file(root, path, config, err);

	if (r < 0)
		return r;
	config->path = strdup(path);
	return config->path ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

/* The release becomes a part of a path. */
static bool release_is_plain(const char *release)
{
	return release && *release && !strchr(release, '/') && !strstr(release, "..");
}

int kx_read_config(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	static const char *const formats[][2] = { { "/boot/config-", "" },
						  { "/usr/lib/modules/", "/config" },
						  { "/lib/modules/", "/config" } };
	int r = read_config_at(root, "/proc/config.gz", &machine->config, err);

	if (!release_is_plain(machine->release))
		return r;
	for (size_t i = 0; r < 0 && r != -ENOMEM && i < KX_ARRAY_SIZE(formats); i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s%s%s", formats[i][0], machine->release, formats[i][1]) < 0)
			return kx_fail(err, ENOMEM, "out of memory");
		r = read_config_at(root, path, &machine->config, err);
	}
	return r;
}
