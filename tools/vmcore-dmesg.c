// SPDX-License-Identifier: GPL-2.0-or-later
/* vmcore-dmesg: the kernel's log out of a dump. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "url.h"
#include "util.h"
#include "vmcore/log.h"

enum { EXIT_WHOLE = 0, EXIT_INCOMPLETE = 1, EXIT_NO_LOG = 2 };

static const char help[] =
	"usage: vmcore-dmesg [--json] FILE\n"
	"Prints the kernel's log out of FILE: /proc/vmcore, or a dump made of it.\n"
	"\n"
	"      --json     as JSON, with what is known about each message\n"
	"  -h, --help     print this\n"
	"  -V, --version  print the version\n"
	"\n"
	"Exit status: 0 all of it, 1 what was left of a damaged one, 2 none\n";

/**
 * struct output - where messages go
 * @records: an array, for --json; NULL for text
 * @open: the last line has not ended yet
 */
struct output {
	FILE *out;
	struct json_object *records;
	bool open;
};

static void freep(struct kx_vmcore **core)
{
	kx_vmcore_free(*core);
}

/* As dmesg does: bytes that are not printable, in whatever character set, as \xNN. */
static void put_text(FILE *out, struct kx_view text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if ((c >= ' ' && c < 0x7f) || c == '\t' || c == '\n')
			putc_unlocked(c, out);
		else
			fprintf(out, "\\x%02x", c);
	}
}

static void put_time(FILE *out, const struct kx_log_record *record)
{
	if (record->has_time)
		fprintf(out, "[%5" PRIu64 ".%06" PRIu64 "] ", record->ns / 1000000000,
			record->ns % 1000000000 / 1000);
}

/* Each line of a message has its time, as where the kernel itself prints it. */
static void put_lines(struct output *output, const struct kx_log_record *record)
{
	struct kx_view rest = record->text;
	const uint8_t *end;

	if (output->open && !record->joins)
		putc_unlocked('\n', output->out);
	if (!record->joins)
		put_time(output->out, record);
	while (rest.size && (end = memchr(rest.data, '\n', rest.size))) {
		size_t line = (size_t)(end - rest.data) + 1;

		put_text(output->out, kx_view_of(rest.data, line));
		put_time(output->out, record);
		rest = kx_view_of(end + 1, rest.size - line);
	}
	put_text(output->out, rest);
	output->open = record->open;
	if (!record->open)
		putc_unlocked('\n', output->out);
}

static void add_number(struct json_object *json, const char *key, bool known, uint64_t number)
{
	json_object_object_add(json, key, known ? json_object_new_uint64(number) : NULL);
}

static int add_text(struct json_object *json, const char *key, struct kx_view text, bool known)
{
	_cleanup_free_ char *printable = NULL;
	size_t size;
	FILE *out = open_memstream(&printable, &size);

	if (!out)
		return -ENOMEM;
	put_text(out, text);
	if (fclose(out))
		return -ENOMEM;
	kx_json_string(json, key, known ? printable : NULL);
	return 0;
}

static int add_record(struct json_object *records, const struct kx_log_record *record)
{
	struct json_object *json = json_object_new_object();
	int r;

	add_number(json, "seq", record->has_seq, record->seq);
	add_number(json, "ns", record->has_time, record->ns);
	add_number(json, "facility", record->has_level, record->facility);
	add_number(json, "level", record->has_level, record->level);
	add_number(json, "caller", record->has_caller, record->caller);
	r = add_text(json, "subsystem", record->subsystem, record->subsystem.size);
	if (!r)
		r = add_text(json, "device", record->device, record->device.size);
	if (!r)
		r = add_text(json, "text", record->text, true);
	json_object_object_add(json, "joins", json_object_new_boolean(record->joins));
	json_object_array_add(records, json);
	return r;
}

static int print_record(void *context, const struct kx_log_record *record)
{
	struct output *output = context;

	if (output->records)
		return add_record(output->records, record);
	put_lines(output, record);
	return ferror(output->out) ? -EIO : 0;
}

static void print_json(struct output *output, const struct kx_log_report *report, uint64_t missing)
{
	struct json_object *json = kx_json_new();

	add_number(json, "damaged", true, report->damaged);
	kx_json_string(json, "cut", report->cut);
	kx_json_size(json, "missing", missing);
	json_object_object_add(json, "records", output->records);
	kx_json_print(output->out, json);
}

/* What was missing. */
static int conclude(const char *path, const struct kx_log_report *report, uint64_t missing)
{
	if (missing)
		fprintf(stderr,
			"vmcore-dmesg: %s: truncated: %" PRIu64
			" bytes of memory are missing; copy the dump again\n",
			path, missing);
	if (report->damaged)
		fprintf(stderr,
			"vmcore-dmesg: %s: %" PRIu64
			" messages are damaged or not in the dump, and were left out\n",
			path, report->damaged);
	if (report->cut)
		fprintf(stderr, "vmcore-dmesg: %s: the end of the log could not be reached: %s\n",
			path, report->cut);
	if (!report->records)
		fprintf(stderr, "vmcore-dmesg: %s: the log has no message\n", path);
	if (!report->records)
		return EXIT_NO_LOG;
	/* A dump cut short behind the log has the whole log. */
	return report->damaged || report->cut ? EXIT_INCOMPLETE : EXIT_WHOLE;
}

static int open_dump(const char *path, int *ret_fd, struct kx_vmcore **ret, struct kx_error *err)
{
	struct kx_vmcore_io io;
	int r;

	*ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*ret_fd < 0)
		return kx_fail(err, errno, "cannot open it: %m");
	r = kx_vmcore_io_of_file(*ret_fd, &io, err);
	return r < 0 ? r : kx_vmcore_open(&io, ret, err);
}

static int print_log(const char *path, bool json)
{
	_cleanup_(freep) struct kx_vmcore *core = NULL;
	_cleanup_(kx_closep) int fd = -1;
	struct output output = { .out = stdout };
	struct kx_log_report report = { 0 };
	struct kx_error err = { 0 };
	int r = open_dump(path, &fd, &core, &err);

	if (r < 0) {
		fprintf(stderr, "vmcore-dmesg: %s: %s\n", kx_url_text(path).s, err.text);
		return EXIT_NO_LOG;
	}
	if (json)
		output.records = json_object_new_array();
	r = kx_log_read(core, print_record, &output, &report, &err);
	if (!r && json)
		print_json(&output, &report, kx_vmcore_missing(core));
	if (output.open)
		putchar('\n');
	if (fflush(stdout) || ferror(stdout))
		r = kx_fail(&err, EIO, "cannot write its log");
	if (r < 0) {
		fprintf(stderr, "vmcore-dmesg: %s: %s\n", path,
			err.text[0] ? err.text : "out of memory");
		return EXIT_NO_LOG;
	}
	return conclude(path, &report, kx_vmcore_missing(core));
}

static int usage(FILE *to, int status)
{
	fputs(help, to);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "hV", options, NULL)) >= 0) {
		if (c == 'h')
			return usage(stdout, EXIT_WHOLE);
		if (c == 'V') {
			puts("vmcore-dmesg, kexec-next " KX_VERSION);
			return EXIT_WHOLE;
		}
		if (c != 'j')
			return usage(stderr, EXIT_NO_LOG);
		json = true;
	}
	if (argc - optind != 1)
		return usage(stderr, EXIT_NO_LOG);
	return print_log(argv[optind], json);
}
