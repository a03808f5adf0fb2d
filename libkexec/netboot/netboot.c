// SPDX-License-Identifier: LGPL-2.1-or-later
#include "netboot/netboot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void kx_netboot_clear(struct kx_netboot *netboot)
{
	free(netboot->kernel);
	kx_names_clear(&netboot->initrds);
	kx_names_clear(&netboot->files);
	free(netboot->cmdline);
	*netboot = (struct kx_netboot){ 0 };
}

const char *kx_netboot_setting(const struct kx_netboot_setting *settings, size_t count,
			       const char *name)
{
	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(settings[i].name, '/');

		if (!strcmp(slash ? slash + 1 : settings[i].name, name))
			return settings[i].value;
	}
	return NULL;
}

int kx_netboot_run(const struct kx_netboot_ops *ops, const char *url,
		   const struct kx_netboot_setting *settings, size_t count, struct kx_netboot *ret,
		   struct kx_error *err)
{
	bool folder = url[strlen(url) - 1] == '/';
	_cleanup_free_ char *text = NULL;
	struct kx_view view;
	size_t size = 0;
	int r;

	if (!kx_url_is_whole(url))
		return kx_fail(err, EBADMSG, "%s is not an address, as https://host/menu.ipxe",
			       kx_url_text(url).s);
	r = ops->get(ops->ctx, url, &text, &size, err);
	view = kx_view_of(text, r == 0 ? size : 0);
	if (r == 0 && kx_ipxe_is(view))
		return kx_ipxe_run(ops, url, view, settings, count, ret, err);
	/* Of a folder a server may show anything, or nothing. */
	if (folder && r != -ENOMEM)
		return kx_pxelinux_search(ops, url, settings, count, ret, err);
	if (r == -EFBIG)
		return kx_fail(
			err, EOPNOTSUPP,
			"%s is neither an iPXE script nor a PXELINUX configuration; a kernel "
			"or an image is loaded by `kexec load`",
			kx_url_text(url).s);
	return r == 0 ? kx_pxelinux_run(ops, url, view, settings, count, ret, err) : r;
}
