// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A unified kernel image as a container: its kernel, initrds and command line take the place of the file, put together
 * as systemd-stub(7) does it, but for what needs EFI's boot services: nothing is measured into a TPM's PCRs, and
 * signatures are not checked here.
 */
#include "format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/overflow.h"
#include "cpio.h"
#include "pe.h"
#include "source.h"
#include "uki.h"
#include "util.h"

/* Files in /.extra and its directories. */
#define EXTRA_MAX 64

/* @paths: of @files, freed with them */
struct extras {
	struct kx_cpio_file files[EXTRA_MAX];
	char *paths[EXTRA_MAX];
	size_t count;
};

static void extras_clear(struct extras *extras)
{
	for (size_t i = 0; i < extras->count; i++)
		free(extras->paths[i]);
	extras->count = 0;
}

/**
 * struct image - what is being put together
 * @addons: those that are for this image, in their order
 */
struct image {
	struct kx_plan *plan;
	struct kx_uki uki;
	struct kx_error *err;
	const struct kx_source **initrds;
	size_t initrd_count;
	struct kx_uki *addons;
	size_t addon_count;
	struct extras extras;
};

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_uki uki;
	unsigned profile;
	int r;

	kx_uki_profile(request->cmdline ? request->cmdline : "", &profile);
	r = kx_uki_parse(file, profile, &uki, err);
	if (r < 0)
		return r;
	if (!uki.has[KX_UKI_LINUX])
		return kx_fail(
			err, EOPNOTSUPP,
			"is an add-on for a unified kernel image, without a kernel in it; put it "
			"into the image's directory KERNEL.extra.d and load KERNEL");
	return 0;
}

static const char *base_name(const struct kx_source *source)
{
	const char *slash = strrchr(kx_source_name(source), '/');

	return slash ? slash + 1 : kx_source_name(source);
}

static bool is_named(const struct kx_source *source, const char *suffix)
{
	size_t size = strlen(base_name(source)), end = strlen(suffix);

	/* The EFI system partition's file system knows no case. */
	return size > end && strcasecmp(base_name(source) + size - end, suffix) == 0;
}

/* ---- command line ---------------------------------------------------------------------------- */

/* A section's text: up to a NUL, control characters as spaces, none around it. */
static char *text_of(struct kx_view section)
{
	char *text = section.size ? strndup((const char *)section.data, section.size) : strdup("");
	char *start = text;
	size_t size;

	if (!text)
		return NULL;
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	for (size = strlen(text); size && text[size - 1] == ' '; size--)
		text[size - 1] = '\0';
	start += strspn(text, " ");
	memmove(text, start, strlen(start) + 1);
	return text;
}

/* The image's own, unless the user gives one. */
static int set_cmdline(struct image *image)
{
	struct kx_plan *plan = image->plan;
	const char *given = plan->request.cmdline ? plan->request.cmdline : "";
	unsigned profile;
	char *text;

	given = kx_uki_profile(given, &profile);
	text = *given ? strdup(given) : text_of(image->uki.parts[KX_UKI_CMDLINE]);
	if (!text)
		return kx_fail(image->err, ENOMEM, "out of memory for plan");
	free(plan->cmdline);
	plan->cmdline = text;
	return 0;
}

static int append_cmdline(struct image *image, const struct kx_uki *addon)
{
	struct kx_plan *plan = image->plan;
	_cleanup_free_ char *more = text_of(addon->parts[KX_UKI_CMDLINE]);
	char *all = NULL;

	if (!more ||
	    asprintf(&all, "%s%s%s", plan->cmdline, *plan->cmdline && *more ? " " : "", more) < 0)
		return kx_fail(image->err, ENOMEM, "out of memory for plan");
	free(plan->cmdline);
	plan->cmdline = all;
	return 0;
}

/* ---- initrds --------------------------------------------------------------------------------- */

static int add_initrd(struct image *image, const struct kx_uki *from, enum kx_uki_part part,
		      const char *name)
{
	const struct kx_source *source;
	int r;

	if (!from->parts[part].size)
		return 0;
	r = kx_plan_keep_source(image->plan, name, from->parts[part], &source, image->err);
	if (r == 0)
		image->initrds[image->initrd_count++] = source;
	return r;
}

/* The file @name in @directory; the directory itself for "". */
static int add_extra(struct image *image, const char *directory, const char *name, uint32_t mode,
		     struct kx_view content)
{
	struct extras *extras = &image->extras;
	char *path = NULL;

	if (extras->count == EXTRA_MAX)
		return kx_fail(image->err, ENOSPC, "more than %d files for the initrd's /.extra",
			       EXTRA_MAX);
	if (asprintf(&path, "%s%s%s", directory, *name ? "/" : "", name) < 0)
		return kx_fail(image->err, ENOMEM, "out of memory for plan");
	extras->paths[extras->count] = path;
	extras->files[extras->count++] = (struct kx_cpio_file){ path, mode, content };
	return 0;
}

#define DIRECTORY (040000 | 0555)
#define FILE_MODE (0100000 | 0444)
#define NOTHING kx_view_of(NULL, 0)

/* Sections that systemd-stub hands on as files. */
static int add_sections(struct image *image)
{
	static const struct {
		enum kx_uki_part part;
		const char *name;
	} files[] = {
		{ KX_UKI_PCRSIG, "tpm2-pcr-signature.json" },
		{ KX_UKI_PCRPKEY, "tpm2-pcr-public-key.pem" },
		{ KX_UKI_OSREL, "os-release" },
		{ KX_UKI_PROFILE, "profile" },
	};
	int r = add_extra(image, ".extra", "", DIRECTORY, NOTHING);

	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		if (image->uki.has[files[i].part])
			r = add_extra(image, ".extra", files[i].name, FILE_MODE,
				      image->uki.parts[files[i].part]);
	return r;
}

/* Companion files by where they lie and what they are called. Credentials are for nobody but root. */
static const struct companions {
	const char *directory, *suffix, *but;
	uint32_t closed; /* permissions that they lack */
	bool global;
} companions[] = {
	{ ".extra/credentials", ".cred", NULL, 0055, false },
	{ ".extra/global_credentials", ".cred", NULL, 0055, true },
	{ ".extra/sysext", ".raw", ".confext.raw", 0, false },
	{ ".extra/confext", ".confext.raw", NULL, 0, false },
};

static bool belongs(const struct kx_request *request, size_t i, const struct companions *kind)
{
	const struct kx_source *source = request->companions[i];

	return kind->global == (i < request->global_companion_count) &&
	       is_named(source, kind->suffix) && !(kind->but && is_named(source, kind->but));
}

static int add_companions(struct image *image, const struct companions *kind)
{
	const struct kx_request *request = &image->plan->request;
	bool made = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->companion_count; i++) {
		const struct kx_source *source = request->companions[i];

		if (!belongs(request, i, kind))
			continue;
		if (!made)
			r = add_extra(image, kind->directory, "", DIRECTORY & ~kind->closed,
				      NOTHING);
		if (r == 0)
			r = add_extra(image, kind->directory, base_name(source),
				      FILE_MODE & ~kind->closed, kx_source_view(source));
		made = true;
	}
	return r;
}

static int pack_extras(struct image *image)
{
	struct kx_plan *plan = image->plan;
	const struct kx_source *source;
	uint8_t *archive;
	size_t size;
	int r = add_sections(image);

	for (size_t i = 0; r == 0 && i < KX_ARRAY_SIZE(companions); i++)
		r = add_companions(image, &companions[i]);
	if (r < 0 || image->extras.count == 1)
		return r;
	r = kx_cpio_pack(image->extras.files, image->extras.count, &archive, &size, image->err);
	if (r == 0)
		r = kx_plan_own(plan, archive, image->err);
	if (r == 0)
		r = kx_plan_keep_source(plan, "/.extra", kx_view_of(archive, size), &source,
					image->err);
	if (r == 0)
		image->initrds[image->initrd_count++] = source;
	return r;
}

/* ---- add-ons --------------------------------------------------------------------------------- */

static bool same_uname(const struct kx_uki *uki, const struct kx_uki *addon)
{
	struct kx_view ours = uki->parts[KX_UKI_UNAME], theirs = addon->parts[KX_UKI_UNAME];

	return !ours.size || !theirs.size ||
	       (ours.size == theirs.size && kx_view_equals(ours, 0, theirs.data, theirs.size));
}

/* Why it is not used, as the stub would not; NULL when it is. */
static const char *addon_problem(const struct kx_uki *uki, struct kx_view file,
				 struct kx_uki *addon, struct kx_error *reason)
{
	if (kx_uki_parse(file, 0, addon, reason) < 0)
		return reason->text;
	if (addon->has[KX_UKI_LINUX])
		return "has a .linux section, which an add-on may not have";
	if (addon->machine != uki->machine)
		return "is for another kind of machine";
	if (!same_uname(uki, addon))
		return "is for another kernel";
	return NULL;
}

static int read_addons(struct image *image)
{
	const struct kx_request *request = &image->plan->request;

	image->addons = kx_plan_alloc(
		image->plan, (request->companion_count + 1) * sizeof(*image->addons), image->err);
	if (!image->addons)
		return -ENOMEM;
	for (size_t i = 0; i < request->companion_count; i++) {
		struct kx_uki *addon = &image->addons[image->addon_count];
		const struct kx_source *source = request->companions[i];
		struct kx_error reason = { 0 };
		const char *problem;

		if (!is_named(source, ".addon.efi"))
			continue;
		problem = addon_problem(&image->uki, kx_source_view(source), addon, &reason);
		if (problem)
			kx_plan_warn(image->plan, "add-on %s is not used: %s",
				     kx_source_name(source), problem);
		else
			image->addon_count++;
	}
	return 0;
}

/* The kernel takes the first microcode that it finds, so what counts most comes first. */
static int add_ucode(struct image *image)
{
	int r = 0;

	for (size_t i = image->addon_count; r == 0 && i > 0; i--)
		r = add_initrd(image, &image->addons[i - 1], KX_UKI_UCODE, "add-on's .ucode");
	return r < 0 ? r : add_initrd(image, &image->uki, KX_UKI_UCODE, ".ucode");
}

static int add_addons(struct image *image)
{
	bool device_trees = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < image->addon_count; i++) {
		const struct kx_uki *addon = &image->addons[i];

		device_trees |= addon->has[KX_UKI_DTB] || addon->hwids;
		r = append_cmdline(image, addon);
		if (r == 0)
			r = add_initrd(image, addon, KX_UKI_INITRD, "add-on's .initrd");
	}
	if (device_trees)
		kx_plan_warn(image->plan, "device trees and firmware of add-ons are not used");
	return r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/*
 * As systemd-stub orders them: microcode, what the boot loader (here: the user) brings, the image's, /.extra, and last
 * add-ons, whose files replace others of the same name.
 */
static int set_initrds(struct image *image)
{
	struct kx_request *request = &image->plan->request;
	int r = read_addons(image);

	if (r == 0)
		r = add_ucode(image);
	for (size_t i = 0; i < request->initrd_count; i++)
		image->initrds[image->initrd_count++] = request->initrds[i];
	if (r == 0)
		r = add_initrd(image, &image->uki, KX_UKI_INITRD, ".initrd");
	if (r == 0)
		r = pack_extras(image);
	return r < 0 ? r : add_addons(image);
}

static int set_dtb(struct image *image)
{
	struct kx_request *request = &image->plan->request;

	if (image->uki.hwids)
		kx_plan_warn(
			image->plan,
			"sections that are chosen by the hardware (.dtbauto, .efifw) are not used");
	if (request->dtb || !image->uki.parts[KX_UKI_DTB].size)
		return 0;
	return kx_plan_keep_source(image->plan, ".dtb", image->uki.parts[KX_UKI_DTB], &request->dtb,
				   image->err);
}

/* The running kernel checks the signature of what it is given, which is .linux, not the image around it. */
static int set_kernel(struct image *image)
{
	struct kx_plan *plan = image->plan;
	struct kx_view linux_part = image->uki.parts[KX_UKI_LINUX];
	char name[512];
	struct kx_error ignored;
	struct kx_pe pe;

	plan->unsigned_inside = kx_pe_parse(linux_part, &pe, &ignored) < 0 || !pe.certificates.size;
	snprintf(name, sizeof(name), "%s, section .linux", kx_source_name(plan->request.kernel));
	return kx_plan_keep_source(plan, name, linux_part, &plan->request.kernel, image->err);
}

static int unwrap(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_request *request = &plan->request;
	struct image image = { .plan = plan, .err = err };
	unsigned profile;
	int r;

	kx_uki_profile(request->cmdline ? request->cmdline : "", &profile);
	r = kx_uki_parse(file, profile, &image.uki, err);
	/* Two a companion, the user's, and three of the image's own. */
	image.initrds = kx_plan_alloc(plan,
				      (2 * request->companion_count + request->initrd_count + 3) *
					      sizeof(struct kx_source *),
				      err);
	if (!image.initrds)
		return -ENOMEM;
	if (r == 0)
		r = set_cmdline(&image);
	if (r == 0)
		r = set_initrds(&image);
	if (r == 0)
		r = set_dtb(&image);
	if (r == 0)
		r = set_kernel(&image);
	extras_clear(&image.extras);
	request->initrds = image.initrds;
	request->initrd_count = image.initrd_count;
	request->companion_count = request->global_companion_count = 0;
	request->cmdline = plan->cmdline;
	return r;
}

const struct kx_format kx_format_uki = {
	.name = "uki",
	.summary = "unified kernel image: kernel, initrd and command line",
	.probe = probe,
	.unwrap = unwrap,
};
