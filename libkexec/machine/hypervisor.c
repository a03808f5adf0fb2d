// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whose guest this is. Xen says so itself; of others firmware's DMI strings tell. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* XENFEAT_dom0 of xen/include/public/features.h. */
#define XENFEAT_DOM0 11

static const struct {
	const char *file, *start, *name;
} vendors[] = {
	{ "sys_vendor", "QEMU", "KVM" },
	{ "sys_vendor", "Amazon EC2", "KVM" },
	{ "sys_vendor", "Google", "KVM" },
	{ "sys_vendor", "Alibaba Cloud", "KVM" },
	{ "sys_vendor", "DigitalOcean", "KVM" },
	{ "sys_vendor", "Hetzner", "KVM" },
	{ "sys_vendor", "VMware", "VMware" },
	{ "sys_vendor", "Microsoft Corporation", "Hyper-V" },
	{ "sys_vendor", "innotek", "VirtualBox" },
	{ "sys_vendor", "Parallels", "Parallels" },
	{ "sys_vendor", "Xen", "Xen" },
	{ "product_name", "KVM", "KVM" },
	{ "product_name", "Bochs", "KVM" },
	{ "product_name", "BHYVE", "bhyve" },
};

static const char *dmi_vendor(struct kx_root *root)
{
	_cleanup_free_ char *vendor = NULL, *product = NULL;

	kx_root_line(root, "/sys/devices/virtual/dmi/id/sys_vendor", &vendor);
	kx_root_line(root, "/sys/devices/virtual/dmi/id/product_name", &product);
	for (size_t i = 0; i < KX_ARRAY_SIZE(vendors); i++) {
		const char *value = strcmp(vendors[i].file, "sys_vendor") ? product : vendor;

		if (value && kx_text_starts(kx_text_of(value), vendors[i].start))
			return vendors[i].name;
	}
	return NULL;
}

/* xenfs where it is mounted, else the features that sysfs lists as one hexadecimal number. */
static bool xen_is_dom0(struct kx_root *root)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	_cleanup_free_ char *features = NULL;
	uint64_t bits;

	if (kx_root_read(root, "/proc/xen/capabilities", KX_CAP_VALUE, &blob) >= 0)
		return kx_text_contains(kx_blob_view(&blob), "control_d");
	return kx_root_line(root, "/sys/hypervisor/properties/features", &features) >= 0 &&
	       kx_text_u64(kx_text_of(features), 16, &bits) && bits >> XENFEAT_DOM0 & 1;
}

static int read_xen(struct kx_root *root, struct kx_machine *machine)
{
	_cleanup_free_ char *type = NULL, *guest = NULL;

	if (kx_root_line(root, "/sys/hypervisor/type", &type) < 0 || strcmp(type, "xen") != 0)
		return 0;
	machine->hypervisor = strdup("Xen");
	if (!machine->hypervisor)
		return -ENOMEM;
	machine->xen_dom0 = xen_is_dom0(root);
	machine->xen_pv = kx_root_line(root, "/sys/hypervisor/guest_type", &guest) >= 0 &&
			  !strcmp(guest, "PV");
	return 0;
}

int kx_read_hypervisor(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	const char *vendor;
	int r = read_xen(root, machine);

	if (r < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	if (machine->hypervisor || machine->guest == KX_NO)
		return 0;
	vendor = dmi_vendor(root);
	if (!vendor)
		return 0;
	machine->hypervisor = strdup(vendor);
	return machine->hypervisor ? 0 : kx_fail(err, ENOMEM, "out of memory");
}
