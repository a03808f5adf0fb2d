// SPDX-License-Identifier: GPL-2.0-or-later
/* iPXE scripts and PXELINUX configurations, after what the documents of those that publish them show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/overflow.h"
#include "netboot/ipxe.h"
#include "netboot_web.h"
#include "util.h"

static const struct kx_netboot_setting machine[] = {
	{ "net0/mac", "52:54:00:AB:cd:01" },
	{ "mac", "52:54:00:AB:cd:01" },
	{ "ip", "10.0.2.15" },
	{ "netmask", "255.255.255.0" },
	{ "gateway", "10.0.2.2" },
	{ "buildarch", "x86_64" },
	{ "platform", "efi" },
	{ "uuid", "deadbeef-0000-1111-2222-333344445555" },
};

static int run(struct web *web, const char *url, struct kx_netboot *ret, struct kx_error *err)
{
	const struct kx_netboot_ops ops = web_ops(web);

	return kx_netboot_run(&ops, url, machine, KX_ARRAY_SIZE(machine), ret, err);
}

/* One script alone, at this address. */
#define SCRIPT "https://boot.test/a/menu.ipxe"

static void check_good(struct web *web, const char *url, const char *kernel, const char *initrd,
		       const char *cmdline)
{
	_cleanup_(kx_netboot_clear) struct kx_netboot got = { 0 };
	struct kx_error err = { 0 };
	int r = run(web, url, &got, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	assert_string_equal(got.kernel, kernel);
	assert_string_equal(got.initrds.count ? got.initrds.v[0] : "", initrd);
	assert_string_equal(got.cmdline, cmdline);
}

static void check_script(const char *text, const char *kernel, const char *initrd,
			 const char *cmdline)
{
	struct web web = { 0 };

	web_add(&web, SCRIPT, text);
	check_good(&web, SCRIPT, kernel, initrd, cmdline);
}

static void check_fails(struct web *web, int r, const char *why)
{
	_cleanup_(kx_netboot_clear) struct kx_netboot got = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(run(web, web->v[0].url, &got, &err), r);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	assert_null(got.kernel);
}

static void check_refused(const char *text, int r, const char *why)
{
	struct web web = { 0 };

	web_add(&web, SCRIPT, text);
	check_fails(&web, r, why);
}

/* The last line that a script says. */
static void check_says(const char *text, const char *said)
{
	struct web web = { 0 };
	_cleanup_free_ char *whole = NULL;
	char *last;

	assert_true(asprintf(&whole, "#!ipxe\n%s\nkernel k\nboot\n", text) > 0);
	web_add(&web, SCRIPT, whole);
	check_good(&web, SCRIPT, "https://boot.test/a/k", "", "");
	assert_true(web.used > 0);
	web.log[web.used - 1] = '\0';
	last = strrchr(web.log, '\n');
	assert_string_equal(last ? last + 1 : web.log, said);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void test_addresses(void **state)
{
	static const struct {
		const char *base, *reference, *whole;
	} cases[] = {
		{ "http://h/a/b.ipxe", "c", "http://h/a/c" },
		{ "http://h/a/b.ipxe?x=/y", "c/d?e", "http://h/a/c/d?e" },
		{ "http://h/a/b", "/c", "http://h/c" },
		{ "http://h/a/b", "../../../c", "http://h/c" },
		{ "http://h/a/b/", "./../c/./d/..", "http://h/a/c/" },
		{ "http://h", "c", "http://h/c" },
		{ "http://h/a", "", "http://h/a" },
		{ "http://h/a?b", "?c", "http://h/a?c" },
		{ "https://h/a", "//other/b", "https://other/b" },
		{ "tftp://10.0.2.2/x/pxelinux.cfg/default", "../vmlinuz",
		  "tftp://10.0.2.2/x/vmlinuz" },
		{ "http://h/a", "https://i/b", "https://i/b" },
		{ "http://h/a", "..", "http://h/" },
		{ "http://h/a/b/c", "..", "http://h/a/" },
		{ "http://h/a/b/c", "...", "http://h/a/b/..." },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = NULL;
		struct kx_error err = { 0 };

		assert_int_equal(kx_url_resolve(cases[i].base, cases[i].reference, &got, &err), 0);
		assert_string_equal(got, cases[i].whole);
	}
}

static void test_bad_addresses(void **state)
{
	static const struct {
		const char *base, *reference;
	} cases[] = {
		{ "http://h/a", "b c" },
		{ "http://h/a", "b\nc" },
		{ "no address", "c" },
		{ "http:", "c" },
		{ "/a", "b" },
		{ "http://h/a", "data:,x" },
		{ "http://h/a", "\xc3\xa4" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		char *got = NULL;
		struct kx_error err = { 0 };

		assert_int_equal(kx_url_resolve(cases[i].base, cases[i].reference, &got, &err),
				 -EBADMSG);
		assert_null(got);
		assert_true(err.text[0]);
	}
}

/* ---- iPXE: scripts as they are published ----------------------------------------------------- */

static void test_coreos(void **state)
{
	check_script("#!ipxe\n"
		     "set STREAM stable\n"
		     "set VERSION 40.1\n"
		     "set BASEURL https://builds.test/${STREAM}/${VERSION}/x86_64\n"
		     "dhcp\n"
		     "kernel ${BASEURL}/kernel-x86_64 initrd=main "
		     "coreos.live.rootfs_url=${BASEURL}/rootfs.img ignition.firstboot\n"
		     "initrd --name main ${BASEURL}/initramfs.img\n"
		     "boot\n",
		     "https://builds.test/stable/40.1/x86_64/kernel-x86_64",
		     "https://builds.test/stable/40.1/x86_64/initramfs.img",
		     "initrd=main "
		     "coreos.live.rootfs_url=https://builds.test/stable/40.1/x86_64/rootfs.img "
		     "ignition.firstboot");
}

static void test_imgargs(void **state)
{
	check_script("#!ipxe\r\n"
		     "kernel http://mirror.test/debian-installer/amd64/linux?x=1 one\r\n"
		     "initrd initrd.gz || goto never\r\n"
		     "imgargs linux vga=normal  auto=true \\\r\n"
		     "   priority=low # a comment\r\n"
		     "boot || shell\r\n",
		     "http://mirror.test/debian-installer/amd64/linux?x=1",
		     "https://boot.test/a/initrd.gz", "vga=normal auto=true priority=low");
}

static void test_several_initrds(void **state)
{
	_cleanup_(kx_netboot_clear) struct kx_netboot got = { 0 };
	struct web web = { 0 };
	struct kx_error err = { 0 };

	web_add(&web, SCRIPT,
		"#!ipxe\ninitrd gone.img\nimgfree\ninitrd one.img\nkernel k\n"
		"module two.img\nimgfetch -n x three.img\nimgfree x\nboot");
	assert_int_equal(run(&web, SCRIPT, &got, &err), 0);
	assert_int_equal(got.initrds.count, 2);
	assert_string_equal(got.initrds.v[0], "https://boot.test/a/one.img");
	assert_string_equal(got.initrds.v[1], "https://boot.test/a/two.img");
	assert_string_equal(got.kernel, "https://boot.test/a/k");
}

/* As the menus of netboot.xyz are built: a menu that chains one for each system, which comes back. */
static void add_menus(struct web *web)
{
	web_add(web, "https://boot.test/",
		"#!ipxe\n"
		":start\n"
		"isset ${arch} && goto skip ||\n"
		"cpuid --ext 29 && set arch x86_64 || set arch i386\n"
		":skip\n"
		"iseq ${arch} x86_64 && set arch_a amd64 || set arch_a ${arch}\n"
		"clear menu\n"
		"menu ${title} choose [${arch_a}]\n"
		"item --gap Default:\n"
		"item --key x exit Exit to the disk\n"
		"item debian ${space} Debian\n"
		"item --gap -- ---- more ----\n"
		"item shell\n"
		"choose --timeout 5000 --default ${menu:string} menu || goto exit\n"
		"goto ${menu} || chain --autofree ${menu}.ipxe || goto error\n"
		"goto start\n"
		":exit\n"
		"exit\n"
		":error\n"
		"prompt Failed, press a key\n"
		"goto start\n");
	web_add(web, "https://boot.test/debian.ipxe",
		"#!ipxe\n"
		"menu Debian\n"
		"item back Back\n"
		"item bookworm Debian 12\n"
		"item --default trixie Debian 13\n"
		"choose version || goto out\n"
		"iseq ${version} back && goto out ||\n"
		"kernel http://deb.test/dists/${version}/${arch_a}/linux initrd=initrd.gz\n"
		"initrd http://deb.test/dists/${version}/${arch_a}/initrd.gz\n"
		"boot\n"
		":out\n"
		"clear version\n"
		"exit 0\n");
}

static void test_menus(void **state)
{
	struct web web = { .choices = { "debian", "back", "debian" } };

	add_menus(&web);
	check_good(&web, "https://boot.test/", "http://deb.test/dists/trixie/amd64/linux",
		   "http://deb.test/dists/trixie/amd64/initrd.gz", "initrd=initrd.gz");
	assert_non_null(strstr(web.log, "menu choose [amd64]\n"
					"  Default:\n"
					"* Exit to the disk\n"
					"  Debian\n"
					"  ---- more ----\n"
					"  \n"
					"menu Debian\n"));
	assert_non_null(strstr(web.log, "* Debian 13\n"));
}

/* Each has its own items, whichever goes first. */
static void test_menus_by_name(void **state)
{
	struct web web = { 0 };

	web_add(&web, SCRIPT,
		"#!ipxe\nmenu --name a A\nitem -m a one One\nmenu --name b B\nitem -m b two Two\n"
		"choose -m a x\nmenu --name c C\nitem -m c three Three\nchoose -m b y\n"
		"choose -m c z\nkernel k ${x} ${y} ${z}\nboot");
	check_good(&web, SCRIPT, "https://boot.test/a/k", "", "one two three");
	assert_string_equal(web.log, "menu A\n* One\nmenu B\n* Two\nmenu C\n* Three\n");
}

static void test_menu_is_left(void **state)
{
	struct web web = { .choices = { "debian", "", "exit" } };

	add_menus(&web);
	check_fails(&web, -ECANCELED, "https://boot.test/ ends without starting anything");
	assert_int_equal(web.chosen, 3);
}

/* "|| goto menu" does not ask nobody for ever. */
static void test_menu_without_anybody(void **state)
{
	struct web web = { .refuse = -EOPNOTSUPP };

	add_menus(&web);
	check_fails(&web, -EOPNOTSUPP, "https://boot.test/:14: nobody to ask");
}

static void test_chain(void **state)
{
	struct web web = { 0 };

	web_add(&web, SCRIPT,
		"#!ipxe\n"
		"chain gone.ipxe || echo not there\n"
		"chain sub/two.ipxe\n"
		"echo back in ${cwuri}\n"
		"chain --replace three.ipxe\n"
		"echo never\n");
	web_add(&web, "https://boot.test/a/sub/two.ipxe",
		"#!ipxe\necho two ${cwuri}\ninitrd two.img\nexit\necho never");
	web_add(&web, "https://boot.test/a/three.ipxe", "#!ipxe\nchain /vmlinuz quiet");
	check_good(&web, SCRIPT, "https://boot.test/vmlinuz", "https://boot.test/a/sub/two.img",
		   "quiet");
	assert_string_equal(web.log, "not there\ntwo https://boot.test/a/sub/two.ipxe\n"
				     "back in " SCRIPT "\n");
}

/* A script whose kernel is not there takes the next one. */
static void test_next_mirror(void **state)
{
	struct web web = { .gone = "http://one.test/k" };

	web_add(&web, SCRIPT,
		"#!ipxe\nset m http://one.test\nkernel ${m}/k || set m http://two.test\n"
		"kernel ${m}/k\ninitrd ${m}/i\nboot");
	check_good(&web, SCRIPT, "http://two.test/k", "http://two.test/i", "");
}

static void test_prompt(void **state)
{
	static const char script[] = "#!ipxe\nprompt --key 0x02 --timeout 2000 Press Ctrl-B && "
				     "set k yes || set k no\nkernel ${k}\nboot";
	struct web web = { .key = true };

	check_script(script, "https://boot.test/a/no", "", "");
	web_add(&web, SCRIPT, script);
	check_good(&web, SCRIPT, "https://boot.test/a/yes", "", "");
	assert_string_equal(web.log, "prompt Press Ctrl-B\n");
}

static void test_files(void **state)
{
	static const char *const wanted[] = { "https://boot.test/a/f", "/etc/f", "0755",
					      "https://boot.test/a/g", "g",      "0644" };
	_cleanup_(kx_netboot_clear) struct kx_netboot got = { 0 };
	struct kx_error err = { 0 };
	struct web web = { 0 };

	web_add(&web, SCRIPT,
		"#!ipxe\nkernel k\ninitrd i\ninitrd f /etc/f mkdir=1 mode=755\ninitrd g g\nboot");
	assert_int_equal(run(&web, SCRIPT, &got, &err), 0);
	assert_int_equal(got.initrds.count, 1);
	assert_int_equal(got.files.count, KX_ARRAY_SIZE(wanted));
	for (size_t i = 0; i < KX_ARRAY_SIZE(wanted); i++)
		assert_string_equal(got.files.v[i], wanted[i]);
}

static void test_read(void **state)
{
	static const char script[] = "#!ipxe\nset a here\nread a\nread --timeout 2000 b || set b "
				     "none\nkernel k ${a} ${b}\nboot";
	struct web web = { .choices = { "there", "" } }, nobody = { .refuse = -EOPNOTSUPP };

	web_add(&web, SCRIPT, script);
	check_good(&web, SCRIPT, "https://boot.test/a/k", "", "there none");
	assert_string_equal(web.log, "read a\nread b\nfor ms 2000\n");
	check_script(script, "https://boot.test/a/k", "", "here ");
	web_add(&nobody, SCRIPT, script);
	check_fails(&nobody, -EOPNOTSUPP, SCRIPT ":3: nobody to ask");
}

#define UNVERIFIED                                                              \
	": signatures for iPXE are not looked at; how an image is fetched, or " \
	"its checksum, vouches for it\n"

/* What is fetched in the end is what was named, and somebody hears of it. */
static void test_verify(void **state)
{
	struct web web = { .gone = "https://boot.test/a/two" };

	web_add(&web, SCRIPT,
		"#!ipxe\nimgtrust --permanent\nimgtrust --allow\nkernel one || exit\n"
		"imgverify one one.sig || exit\nimgverify --signer me two two.sig || echo none\n"
		"md5sum one two\nshim three\nboot\n");
	check_good(&web, SCRIPT, "https://boot.test/a/one", "", "");
	assert_string_equal(web.log, "warning: " SCRIPT UNVERIFIED
				     "warning: https://boot.test/a/one" UNVERIFIED "none\n");
}

/* Why a script went another way than it was meant to. */
static void test_refused_and_said(void **state)
{
	struct web web = { 0 };

	web_add(&web, SCRIPT,
		"#!ipxe\nsanboot http://x/iso || echo on\nisset ${x} || frobnicate ||\n"
		"nslookup host x.test\nkernel http://${host}/k\nboot\n");
	check_good(&web, SCRIPT, "http://x.test/k", "", "");
	assert_string_equal(web.log,
			    "warning: " SCRIPT ":2: sanboot is left to firmware and iPXE itself: "
			    "kexec cannot do it\non\n"
			    "warning: " SCRIPT ":3: there is no command frobnicate\n");
}

/* What only the server is to see. */
static void test_no_message_has_a_password(void **state)
{
#define SECRET "https://joe:hunter2@boot.test/a/s?token=hunter3"
	static const char *const lines[] = { "imgtrust",
					     "imgverify ${cwuri} x",
					     "sanboot x || exit",
					     "iseq x ${cwuri}",
					     "imgfree ${cwuri}",
					     "frobnicate",
					     "kernel k ; boot ${cwuri}" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		_cleanup_(kx_netboot_clear) struct kx_netboot got = { 0 };
		_cleanup_free_ char *text = NULL;
		struct kx_error err = { 0 };
		struct web web = { 0 };

		assert_true(asprintf(&text, "#!ipxe\n%s\n", lines[i]) > 0);
		web_add(&web, SECRET, text);
		assert_true(run(&web, SECRET, &got, &err) < 0);
		assert_true(err.text[0]);
		assert_null(strstr(err.text, "hunter"));
		assert_null(strstr(web.log, "hunter"));
	}
}

/* ---- iPXE: the language ---------------------------------------------------------------------- */

static void test_settings(void **state)
{
	check_says("echo ${net0/mac:hexhyp} ${mac:hexraw} ${netX/mac}",
		   "52-54-00-ab-cd-01 525400abcd01 52:54:00:AB:cd:01");
	check_says("set a one   two\necho [${a}]", "[one two]");
	check_says("set a b\nset b c\necho ${${a}}", "c");
	check_says("echo [${nothing}${nothing:uint8}]", "[]");
	check_says("set space:hex 20:20\nset s ${space:string}\necho [${s}]", "[  ]");
	check_says("set u a b&c/\necho ${u:uristring}", "a%20b%26c%2F");
	check_says("set n 41\ninc n\ninc n 0x10\necho ${n}", "58");
	check_says("set a x\nset a\nisset ${a} && echo set || echo empty", "empty");
	check_says("set net3/ip 1.2.3.4\necho ${net3/ip} ${ip}", "1.2.3.4 10.0.2.15");
	check_says("set d $\nset v 1\necho ${d}{v} ${", "1 ${");
	check_says("set v text\necho ${v:hex}", "74:65:78:74");
	check_says("clear uuid\necho [${uuid}]", "[]");
}

static void test_lines(void **state)
{
	check_says("iseq a b || iseq a a && echo both", "both");
	check_says("iseq a a || echo not ; echo always", "always");
	check_says("echo one\n# echo two", "one");
	check_says("echo a#b # c", "a#b");
	check_says("goto x\necho one\n  :x echo two", "two");
	check_says("echo first\ngoto y ; echo never\n:x\necho never\n:y", "first");
	check_says("echo -n one", "one");
	check_says("sleep 1\nimgstat\nconsole --x 1024 --y 768\necho on", "on");
	check_says("iseq a a && set nothing || echo bad\necho good", "good");
}

static void test_failures(void **state)
{
	check_refused("#!ipxe\nset a 1\nfrobnicate --now\n", -EOPNOTSUPP,
		      SCRIPT ":3: there is no command frobnicate");
	check_refused("#!ipxe\nsanboot http://x/iso\n", -EOPNOTSUPP, "kexec cannot do it");
	check_refused("#!ipxe\nimgverify k\n", -EBADMSG, "takes 2 to 2 words");
	check_refused("#!ipxe\ngoto nowhere\n", -ENOENT, "no label nowhere");
	check_refused("#!ipxe\nboot\n", -ENOENT, "no kernel was named");
	check_refused("#!ipxe\nkernel\n", -EBADMSG, "takes 1 to");
	check_refused("#!ipxe\nkernel --frob k\n", -EBADMSG, "no option --frob");
	check_refused("#!ipxe\nkernel --name\n", -EBADMSG, "--name lacks its value");
	check_refused("#!ipxe\nkernel a\n", -ECANCELED, "ends without starting anything");
	check_refused("#!ipxe\nexit 3\n", -ECANCELED, "status 3");
	check_refused("#!ipxe\nset x:base64 aa\n", -EOPNOTSUPP, "type base64");
	check_refused("#!ipxe\nset x:hex zz\n", -EBADMSG, "no row of bytes");
	check_refused("#!ipxe\nitem a b\n", -ENOENT, "there is no menu");
	check_refused("#!ipxe\nmenu\nitem --gap a\nchoose x\n", -ENOENT, "nothing in the menu");
	check_refused("#!ipxe\nchain gone.ipxe\n", -ENOENT, "404");
	check_refused("#!ipxe\nkernel a\xff\n", -EBADMSG, "an address has");
}

static void test_endless(void **state)
{
	struct web web = { 0 };

	check_refused("#!ipxe\n:a\ngoto a\n", -E2BIG, "round in circles");
	check_refused("#!ipxe\n:a\nkernel k || goto a\niseq 1 2 || goto a\n", -E2BIG,
		      "round in circles");
	check_refused("#!ipxe\nset a xxxxxxxx\n:a\nset a ${a}${a}\ngoto a\n", -E2BIG,
		      "more than 16384 bytes");
	check_refused("#!ipxe\n:a\nset i 1\ninc n\nset x${n} 1\ngoto a\n", -E2BIG,
		      "more than 512 settings");
	check_refused("#!ipxe\n:a\ninitrd i\ngoto a\n", -E2BIG, "images");
	check_refused("#!ipxe\nmenu\n:a\nitem a b\ngoto a\n", -E2BIG, "lines");
	check_refused("#!ipxe\n:a\ninc n\nmenu --name ${n}\ngoto a\n", -E2BIG, "menus");
	check_refused("#!ipxe\nchain menu.ipxe\n", -E2BIG, "does one of them chain itself?");
	check_refused("#!ipxe\nchain --replace menu.ipxe\n", -E2BIG, "round in circles");
	web_add(&web, SCRIPT, "#!ipxe\nchain two.ipxe || goto menu\n:menu\nchain two.ipxe\n");
	web_add(&web, "https://boot.test/a/two.ipxe", "#!ipxe\nchain menu.ipxe\n");
	check_fails(&web, -E2BIG, "does one of them chain itself?");
}

/* A machine may say anything of itself, too. */
static void test_endless_setting(void **state)
{
	const struct kx_netboot_setting settings[] = { { "serial", "${serial}" } };
	_cleanup_(kx_netboot_clear) struct kx_netboot got = { 0 };
	struct web web = { 0 };
	const struct kx_netboot_ops ops = web_ops(&web);
	struct kx_error err = { 0 };

	web_add(&web, SCRIPT, "#!ipxe\necho ${serial} || echo\n");
	assert_int_equal(kx_netboot_run(&ops, SCRIPT, settings, 1, &got, &err), -E2BIG);
	assert_non_null(strstr(err.text, "has no end"));
}

/* ---- PXELINUX -------------------------------------------------------------------------------- */

#define CONFIG "https://tftp.test/srv/pxelinux.cfg/default"

static void test_pxelinux(void **state)
{
	struct web web = { .choices = { "auto" } };

	web_add(&web, CONFIG,
		"default vesamenu.c32\n"
		"prompt 0\n"
		"timeout 50\n"
		"ipappend 2\n"
		"include debian-installer/amd64/txt.cfg\n"
		"label exit\n"
		"  localboot 0\n");
	web_add(&web, "https://tftp.test/srv/debian-installer/amd64/txt.cfg",
		"label install\n"
		"	menu label ^Install\n"
		"	menu default\n"
		"	kernel debian-installer/amd64/linux\n"
		"	append vga=788 initrd=debian-installer/amd64/initrd.gz --- quiet\n"
		"label auto\n"
		"	kernel debian-installer/amd64/linux\n"
		"	append auto=true initrd=/other/initrd.gz,http://b.test/firmware.cpio\n");
	check_good(&web, CONFIG, "https://tftp.test/srv/debian-installer/amd64/linux",
		   "https://tftp.test/other/initrd.gz",
		   "auto=true initrd=/other/initrd.gz,http://b.test/firmware.cpio "
		   "BOOTIF=01-52-54-00-AB-cd-01");
	assert_non_null(strstr(web.log, "* Install\n  auto\n  exit\n"));
	web.chosen = WEB_CHOICES_MAX;
	check_good(&web, CONFIG, "https://tftp.test/srv/debian-installer/amd64/linux",
		   "https://tftp.test/srv/debian-installer/amd64/initrd.gz",
		   "vga=788 initrd=debian-installer/amd64/initrd.gz --- quiet "
		   "BOOTIF=01-52-54-00-AB-cd-01");
}

static void check_names(const char *kernel, const char *url)
{
	_cleanup_free_ char *text = NULL;
	struct web web = { 0 };

	assert_true(asprintf(&text, "label a\nlinux %s\nsysappend 0x5\n", kernel) > 0);
	web_add(&web, CONFIG, text);
	check_good(&web, CONFIG, url, "",
		   "ip=10.0.2.15::10.0.2.2:255.255.255.0 "
		   "SYSUUID=deadbeef-0000-1111-2222-333344445555");
}

static void test_pxelinux_names(void **state)
{
	check_names("a/vmlinuz", "https://tftp.test/srv/a/vmlinuz");
	check_names("/a/vmlinuz", "https://tftp.test/a/vmlinuz");
	check_names("../../../vmlinuz", "https://tftp.test/vmlinuz");
	check_names("::/a/vmlinuz", "https://tftp.test/a/vmlinuz");
	check_names("10.0.2.9::a/vmlinuz", "tftp://10.0.2.9/a/vmlinuz");
	check_names("http://b.test/vmlinuz", "http://b.test/vmlinuz");
	check_names("n.tar.gz#a/vmlinuz", "https://tftp.test/srv/n.tar.gz#a/vmlinuz");
}

static void check_search(const char *name)
{
	_cleanup_free_ char *url = NULL;
	struct web web = { 0 };

	assert_true(asprintf(&url, "tftp://10.0.2.2/srv/pxelinux.cfg/%s", name) > 0);
	web_add(&web, "tftp://10.0.2.2/srv/pxelinux.cfg/default", "label b\nlinux b\n");
	web_add(&web, url, "label a\nlinux a\n");
	check_good(&web, "tftp://10.0.2.2/srv/", "tftp://10.0.2.2/srv/a", "", "");
}

static void test_pxelinux_search(void **state)
{
	struct web web = { 0 };

	check_search("deadbeef-0000-1111-2222-333344445555");
	check_search("01-52-54-00-ab-cd-01");
	check_search("0A00020F");
	check_search("0A");
	web_add(&web, "tftp://10.0.2.2/srv/pxelinux.cfg/default", "label b\nlinux b\n");
	check_good(&web, "tftp://10.0.2.2/srv/", "tftp://10.0.2.2/srv/b", "", "");
	web.v[0].url = "tftp://10.0.2.2/";
	web.v[0].text = kx_view_of("<html>", 6);
	check_fails(&web, -ENOENT, "has no pxelinux.cfg/default");
}

static void test_pxelinux_failures(void **state)
{
	struct web web = { .choices = { "disk" } };

	web_add(&web, CONFIG, "label a\nlinux a\nlabel disk\nlocalboot 0\nlabel c\ncom32 x.c32");
	check_fails(&web, -EOPNOTSUPP, "leaves the choice to the firmware");
	web.choices[1] = "c";
	check_fails(&web, -EOPNOTSUPP, "a program for SYSLINUX");
	web.choices[2] = "";
	check_fails(&web, -ECANCELED, "given up");
	web.v[0].text = kx_view_of("<html>\n404", 10);
	check_fails(&web, -EBADMSG, "neither an iPXE script nor");
	web.v[0].url = "https://h/vmlinuz";
	web.v[0].url = "nonsense";
	check_fails(&web, -EBADMSG, "is not an address");
	web.count = 0;
	web.v[0].url = "https://h/vmlinuz";
	check_fails(&web, -EOPNOTSUPP, "`kexec load`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_coreos),
		cmocka_unit_test(test_imgargs),
		cmocka_unit_test(test_several_initrds),
		cmocka_unit_test(test_menus),
		cmocka_unit_test(test_menu_is_left),
		cmocka_unit_test(test_menu_without_anybody),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_next_mirror),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_no_message_has_a_password),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_menus_by_name),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_refused_and_said),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_endless_setting),
		cmocka_unit_test(test_pxelinux),
		cmocka_unit_test(test_pxelinux_names),
		cmocka_unit_test(test_pxelinux_search),
		cmocka_unit_test(test_pxelinux_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
