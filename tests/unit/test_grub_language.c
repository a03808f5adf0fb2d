// SPDX-License-Identifier: GPL-2.0-or-later
/* GRUB's language, construct by construct; GRUB itself said what is expected (tests/vm/test_grub_oracle.py). */
#include "grub_fixture.h"

static void test_words(void **state)
{
	assert_out("t a \"b\"c'd'\\e", "[2<a><bcde>]");
	assert_out("t \"\" '' x", "[3<><><x>]");
	assert_out("t \"\\$x\\\"\\\\\\n\" '\\' \\\"", "[3<$x\"\\\\n><\\><\">]");
	assert_out("t a#b #c", "[1<a#b>]");
	assert_out("t a\\\nb c \\\n d", "[3<ab><c><d>]");
	assert_out("t 'a\nb' \"c\nd\"", "[2<a\nb><c\nd>]");
	assert_out("t if then fi do", "[4<if><then><fi><do>]");
	assert_out("t a; t b ; # c\n\t t c", "[1<a>][1<b>][1<c>]");
	assert_out("t a { t x }", "[2<a><{ t x }>]");
	assert_out("t a\r\nt b\r\n", "[1<a>][1<b>]");
}

static void test_variables(void **state)
{
	assert_out("x=5; t $x$x ${x}y $xy \"$x\"y '$x'", "[4<55><5y><5y><$x>]");
	assert_out("x='1 2'; t $x a$x \"$x\"", "[5<1><2><a1><2><1 2>]");
	assert_out("x=' a  b '; t p$x\"q\" $x", "[4<pa><bq><a><b>]");
	assert_out("t $no \"$no\" a$no", "[2<><a>]");
	assert_out("set x=a; set \"y=b c\"; z='d'; t $x $y $z", "[4<a><b><c><d>]");
	assert_out("p=q; $p=9; t $q; unset q; t \"<$q>\"", "[1<9>][1<<>>]");
	assert_out("x=1 t; t $x", "[1<1>]");
	assert_out("1a=3; t $?; set x; t $?; set x = 3; t $?", "[1<0>][1<18>][1<18>]");
	assert_out("set root='(hd3,gpt2)'; t $root; root=hd0", "[1<hd3,gpt2>]");
	assert_out("t $feature_menuentry_id $grub_platform $prefix $config_directory",
		   "[4<y><pc><(hd0)/boot/grub><(hd0)/boot/grub>]");
}

static void test_status(void **state)
{
	assert_out("false; t $?; true; t $?; ! true; t $?", "[1<1>][1<0>][1<1>]");
	/* GRUB complains of a command that it does not know, and goes on as if nothing was. */
	assert_out("false; nosuch; t $?; if nosuch; then t y; fi; if ! nosuch; then t z; fi",
		   "[1<0>][1<y>][1<z>]");
	assert_out("!; t $?; ! ! true; t $?", "[1<18>][1<0>]");
	assert_out("unset; t $?; export; t $?; source; t $?", "[1<18>][1<18>][1<18>]");
}

static void test_if(void **state)
{
	assert_out("if true; then t a; elif true; then t b; else t c; fi", "[1<a>]");
	assert_out("if false; then t a; elif true; then t b; else t c; fi", "[1<b>]");
	assert_out("if false\nthen\nt a\nelif false\nthen t b\nelse\n\nt c;\n\nfi", "[1<c>]");
	assert_out("if false; then t a; fi; t $?", "[1<0>]");
	assert_out("if false; true; then t a; fi", "[1<a>]");
}

static void test_loops(void **state)
{
	assert_out("for i in a \"b c\" $no; do t $i; done; t \"$i\"", "[1<a>][2<b><c>][1<b c>]");
	assert_out("for i in; do t $i; done", "");
	assert_out("n=; while [ \"$n\" != xx ]; do n=x$n; t $n; done", "[1<x>][1<xx>]");
	assert_out("n=; until [ \"$n\" = xx ]; do n=x$n; t $n; done", "[1<x>][1<xx>]");
	assert_out("for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; t $i; done",
		   "[1<1>][1<3>]");
	assert_out("for i in 1 2; do for j in 1 2; do t $i$j; continue 2; done; done",
		   "[1<11>][1<21>]");
	assert_out("while true; do while true; do break 9; done; t no; done; t y", "[1<y>]");
	assert_out("for i in 1; do break 0; t $?; break x; t $?; done", "[1<18>][1<10>]");
	assert_out("break; t $?; continue; t $?", "[1<0>][1<0>]");
	/* A function's break is none for the loop that called it. */
	assert_out("function f { break; t x; }\nfor i in 1 2; do f; done", "[1<x>][1<x>]");
}

static void test_functions(void **state)
{
	assert_out("function f { t $1 $# \"$@\"; shift; t $1 $#; }\nf a 'b c'",
		   "[4<a><2><a><b c>][3<b><c><1>]");
	assert_out("function f\n{\nt \"x$@y\" $@ \"$*\"\n}\nf a '' b", "[6<xa><><by><a><b><a  b>]");
	assert_out("function f { return 3; t no; }\nf; t $?; return 5; t $?", "[1<3>][1<18>]");
	assert_out("function f { t 1; }\nfunction f { t 2; }\nf", "[1<2>]");
	assert_out("function f { setparams p 'q r'; t \"$@\"; }\nf a", "[2<p><q r>]");
	assert_out("function f { if [ \"$1\" = xx ]; then return 7; fi; f x$1; }\nf; t $?",
		   "[1<7>]");
	/* Commands come first. */
	assert_out("function true { t no; }\ntrue; t y", "[1<y>]");
}

static void test_test(void **state)
{
	assert_out("test; t $?; [ ]; t $?; [ '' ]; t $?; [ a b ]; t $?; [ a '' ]; t $?",
		   "[1<0>][1<0>][1<1>][1<0>][1<1>]");
	assert_out("[ a = a ]; t $?; [ a == b ]; t $?; [ a != b ]; t $?; [ a '<' b ]; t $?",
		   "[1<0>][1<1>][1<0>][1<0>]");
	assert_out("[ 9 -lt 10 ]; t $?; [ 0x10 -eq 16 ]; t $?; [ 010 -ge 9 ]; t $?; [ -2 -gt -1 ]; "
		   "t $?",
		   "[1<0>][1<0>][1<1>][1<1>]");
	assert_out("[ a = b -o c = c -a d = e ]; t $?; [ ! a = b -a c = c ]; t $?", "[1<1>][1<0>]");
	assert_out("[ ( a = b -o a = a ) -a b = b ]; t $?; [ ! ( a = a ) ]; t $?", "[1<0>][1<1>]");
	assert_out("[ -z '' -a -n a ]; t $?; [ -n ]; t $?; test ')'; t $?; test '('; t $?",
		   "[1<0>][1<0>][1<0>][1<0>]");
	assert_out("[ -f /k -a -e /k -a -s /k ]; t $?; [ -d /k ]; t $?; [ -e /no ]; t $?",
		   "[1<0>][1<1>][1<1>]");
	assert_out("[ v-5.10 -pgt v-5.9 ]; t $?; [ a100 -plt a19 ]; t $?", "[1<0>][1<1>]");
	assert_out("[ abc -eq 0 ]; t $?; [ 1x -lt 2 ]; t $?", "[1<0>][1<0>]");
	assert_out("[ /k -nt /i ]; t $?; [ /k -ot /no ]; t $?", "[1<1>][1<1>]");
}

static void test_regexp(void **state)
{
	assert_out("regexp --set v '^a(.)c' abc; t $? $v", "[2<0><b>]");
	assert_out(
		"regexp --set 1:v -s 2:w '(a)(b)' ab; t $v$w; regexp --set=0:v 'x*' ''; t \"$v\"",
		"[1<ab>][1<>]");
	assert_out("regexp a b; t $?; regexp '(x' x; t $?; regexp a; t $?", "[1<1>][1<1>][1<18>]");
	/* What libc would take for ever for. */
	assert_out("regexp '(a{1,200}){1,200}' a; t $?; regexp '(.*)\\1' aa; t $?", "[1<1>][1<1>]");
	/* Which would take gigabytes. */
	assert_out("regexp '(a)(b*++++++++++++++++++++++++++++++++++)' ab; t $?", "[1<1>]");
	assert_out("regexp '^a+[0-9]+(b+)+c+$' a1bbc; t $?", "[1<0>]");
}

static void test_search(void **state)
{
	assert_out("search --no-floppy --fs-uuid --set=x --hint-bios=hd0 --hint y 12-34; t $x",
		   "[1<12-34>]");
	assert_out("search --label -s x data; t $x; search -f --set x /k; t $x",
		   "[1<data>][1</k>]");
	assert_out("search --fs-uuid --set=x none; t $? \"$x\"", "[2<5><>]");
	assert_out("search; t $?; search --set=x y; t $?", "[1<18>][1<17>]");
	assert_out(
		"search.fs_uuid 1 x hd0; t $x; search.file /k y; t $y; search.fs_label l z; t $z",
		"[1<1>][1</k>][1<l>]");
	assert_out("search -f /k -s; t $root; root=hd0", "[1</k>]");
}

static void test_probe(void **state)
{
	assert_out("probe --set=u --fs-uuid $root; t $? $u", "[2<0><uuid-of-hd0>]");
	assert_out("probe -u '(hd1)' -s u; t $u; probe --set u -l hd1; t $u",
		   "[1<uuid-of-hd1>][1<label-of-hd1>]");
	assert_out("probe -u -s u un; t $? $u; probe -u; t $?; probe -s u hd0; t $?",
		   "[1<24>][1<18>][1<18>]");
	assert_out("probe -f -s u hd0; t $? $u; probe -u -s u none; t $? $u", "[1<24>][1<12>]");
}

/* Of Fedora's GRUB. */
static void test_counters(void **state)
{
	assert_out("x=3; decrement x; t $? $x; increment x; increment x; t $x", "[2<0><2>][1<4>]");
	assert_out("x=0; decrement x; t $x; x=0x10; increment x; t $x", "[1<-1>][1<17>]");
	assert_out("increment; t $?; increment a b; t $?; decrement no; t $?",
		   "[1<18>][1<18>][1<5>]");
	assert_out("x=y; decrement x; t $? $x; x=-1; decrement x; t $x", "[2<10><y>][1<-2>]");
}

static void test_eval(void **state)
{
	assert_out("eval 'x=5; t $x'; t $x", "[1<5>][1<5>]");
	assert_out("eval \"t a\nt b\"; eval t c", "[1<a>][1<b>][1<c>]");
}

/* GRUB goes on at the next line, and what was before on the same line was not run. */
static void test_syntax_errors(void **state)
{
	static const char *const broken[] = {
		"t x;; t y",
		"; t x",
		"t x & t y",
		"t x | t y",
		"t x > y",
		"t a{b}c",
		"t x }",
		"}",
		"{ t x; }",
		"t $",
		"t \"a$\"",
		"t ${x",
		"t ${x y}",
		"t ${}",
		"t [[ ]]",
		"[[ a = a ]]",
		"then",
		"fi",
		"in a",
		"case x",
		"if true then t x; fi",
		"if true; then fi",
		"if true; then t x; fi t y",
		"for 1 in a; do t x; done",
		"for i-j in a; do t x; done",
		"for i in a do t x; done",
		"for i in a; do done",
		"function f { t x }; t y",
		"function f { ; t x; }",
		"function 1f { t x; }",
		"function f g { t x; }",
		"if true; then function f { t x; }; fi",
		"while true; do t x",
		"t \"x",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		_cleanup_grub_ struct grub g = { 0 };
		_cleanup_free_ char *text = NULL;

		assert_true(asprintf(&text, "%s\nmenuentry a { linux /k }\n", broken[i]) > 0);
		/* Where something is left open, the rest of the file belongs to it. */
		if (i < 32)
			assert_out(broken[i], "");
		grub_read(&g, text);
		assert_int_equal(g.r, 0);
		if (!g.menu.note_count || !strstr(g.menu.notes[0], CFG ":"))
			fail_msg("no complaint of: %s", broken[i]);
	}
	assert_out("if true; then\nt a & t b\nt c\nfi\nt d", "[1<c>][1<d>]");
}

/* The block is one argument more; the words before it may fill their array. */
static void test_blocks(void **state)
{
	assert_out("t { true; }\nt a b c { true; }", "[1<{ true; }>][4<a><b><c><{ true; }>]");
	assert_out("! t a b { true; }; t $?", "[3<a><b><{ true; }>][1<1>]");
	assert_out("! true a b { true; }\nt $?", "[1<1>]");
	assert_out("! true a b c d e f { true; }\nt $?", "[1<1>]");
	assert_out("function f { setparams a b c d; shift; t \"$@\" { x; }; }\nf",
		   "[4<b><c><d><{ x; }>]");
}

static void test_patterns(void **state)
{
	assert_out("t /boot/grub/g*.cfg", "[1</boot/grub/g*.cfg>]");
	assert_out("insmod regexp\nt /boot/grub/g*.cfg \"/boot/grub/*\" /boot/grub/\\*",
		   "[3</boot/grub/grub.cfg></boot/grub/*></boot/grub/*>]");
	assert_out("insmod regexp; x='/boot/grub/gru?.cfg'; t $x \"$x\" /no*",
		   "[3</boot/grub/grub.cfg></boot/grub/gru?.cfg></no*>]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),         cmocka_unit_test(test_variables),
		cmocka_unit_test(test_status),        cmocka_unit_test(test_if),
		cmocka_unit_test(test_loops),         cmocka_unit_test(test_functions),
		cmocka_unit_test(test_test),          cmocka_unit_test(test_regexp),
		cmocka_unit_test(test_search),        cmocka_unit_test(test_eval),
		cmocka_unit_test(test_probe),         cmocka_unit_test(test_counters),
		cmocka_unit_test(test_syntax_errors), cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
