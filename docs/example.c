// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads KERNEL INITRD COMMAND-LINE for `kexec -e`: cc example.c $(pkg-config --cflags --libs libkexec)
#include <libkexec.h>
#include <sys/random.h>

int main(int argc, char **argv)
{
	struct kx_error err = { 0 };
	struct kx_machine *machine = NULL;
	struct kx_source *kernel = NULL, *initrd = NULL;
	struct kx_plan *plan = NULL;
	int r = argc == 4 ? 0 : kx_fail(&err, 22, "wants a kernel, an initrd and a command line");

	r = r ? r : kx_machine_read("/", &machine, &err);
	r = r ? r : kx_source_open(argv[1], 0, &kernel, &err);
	r = r ? r : kx_source_open(argv[2], 0, &initrd, &err);
	const struct kx_source *initrds[] = { initrd };
	struct kx_request request = { .kernel = kernel, .initrds = initrds, .initrd_count = 1 };
	request.cmdline = r ? NULL : argv[3];
	request.mem_max = UINT64_MAX;
	getrandom(request.kaslr_seed, sizeof(request.kaslr_seed), GRND_NONBLOCK);
	r = r ? r : kx_plan_make(machine, &request, &plan, &err);
	r = r ? r : kx_plan_load(kx_sys_linux(), plan, &err);
	if (r)
		fprintf(stderr, "%s\n", err.text);
	kx_plan_free(plan);
	kx_source_free(initrd);
	kx_source_free(kernel);
	kx_machine_free(machine);
	return r ? 1 : 0;
}
