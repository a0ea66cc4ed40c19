/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * findings.c - the findings for machines that run tests: GitHub's annotations, JUnit's XML
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "options.h"
#include "output.h"

/* ---- GitHub ------------------------------------------------------------------- */

/* A workflow command takes one line; in a property its separators are escaped as well. */
static void put_escaped(FILE *out, const char *text, const char *special)
{
	for (; *text; text++)
		if (strchr(special, *text))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			putc(*text, out);
}

static int annotate(void *arg, const struct scxray_told *finding)
{
	const char *command = !strcmp(finding->severity, "error")     ? "error"
			      : !strcmp(finding->severity, "warning") ? "warning"
								      : "notice";

	fprintf(arg, "::%s title=scxray %s ", command, finding->rank);
	put_escaped(arg, finding->kind, "%\r\n:,");
	fputs("::", arg);
	put_escaped(arg, finding->text, "%\r\n");
	putc('\n', arg);
	return 0;
}

/* ---- JUnit ---------------------------------------------------------------------- */

struct suite {
	FILE *out;
	const char *image;
	unsigned tests, failures;
	bool counts; /* the first round: nothing is written */
};

/*
 * XML has no form at all for most control characters. `ascii`: a file's name may be no UTF-8; what
 * findings say is.
 */
static void put_xml(FILE *out, const char *text, bool ascii)
{
	static const char special[] = "&<>\"'";
	static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };

	for (; *text; text++) {
		const char *found = strchr(special, *text);

		if (found)
			fputs(entities[found - special], out);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f ||
			 (ascii && (unsigned char)*text > 0x7f))
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			putc(*text, out);
	}
}

static int put_case(void *arg, const struct scxray_told *finding)
{
	struct suite *suite = arg;
	bool failed = !strcmp(finding->severity, "error");

	if (suite->counts) {
		suite->tests++;
		suite->failures += failed;
		return 0;
	}
	fputs("    <testcase classname=\"", suite->out);
	put_xml(suite->out, suite->image, true);
	fputs("\" name=\"", suite->out);
	put_xml(suite->out, finding->kind, true);
	fputs(failed ? "\">\n      <failure message=\"" : "\">\n      <system-out>", suite->out);
	put_xml(suite->out, finding->text, false);
	fputs(failed ? "\"/>\n    </testcase>\n" : "</system-out>\n    </testcase>\n", suite->out);
	return 0;
}

/* Without a finding there is one test, which has passed: a file without tests is an error to many. */
static int put_suite(const struct scxray_document *doc, struct suite *suite)
{
	suite->counts = true;
	if (scxray_document_findings(doc, put_case, suite))
		return -1;
	suite->counts = false;
	fprintf(suite->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"  <testsuite name=\"scxray\" tests=\"%u\" failures=\"%u\">\n",
		suite->tests ? suite->tests : 1, suite->failures);
	if (scxray_document_findings(doc, put_case, suite))
		return -1;
	if (!suite->tests) {
		fputs("    <testcase classname=\"", suite->out);
		put_xml(suite->out, suite->image, true);
		fputs("\" name=\"no finding\"/>\n", suite->out);
	}
	fputs("  </testsuite>\n</testsuites>\n", suite->out);
	return ferror(suite->out) ? -1 : 0;
}

static int write_junit(const struct scxray_document *doc, const struct report_options *options)
{
	struct suite suite = { .image = options->image };
	struct output out;
	int error;

	if (output_open(&out, options->junit))
		return CLI_FAILED;
	suite.out = out.stream;
	errno = 0;
	if (put_suite(doc, &suite)) {
		error = errno;
		output_abandon(&out);
		return output_failed(options->junit, error);
	}
	return output_commit(&out);
}

int report_findings(const struct scxray_document *doc, const struct report_options *options)
{
	if (options->annotate) {
		if (scxray_document_findings(doc, annotate, stdout))
			return cli_fail("cannot tell the findings: %s: out of memory",
					options->image);
		if (output_flush_stdout())
			return CLI_FAILED;
	}
	return options->junit ? write_junit(doc, options) : CLI_OK;
}
