/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * document.c - a report as one page of HTML that needs nothing else
 *
 * The page is the program of assets.S, which reads the report's JSON: packed, since that is the
 * twentieth part of it, and since base64 can't be read as HTML.  The program makes text nodes only;
 * the Content-Security-Policy lets nothing run or load but the script and the style with these
 * hashes.
 */
#include <scxray/render.h>

#include <errno.h>

#include "render/html/assets.h"
#include "render/html/pack.h"

static int put_head(FILE *out)
{
	return fprintf(out,
		       "<!DOCTYPE html>\n"
		       "<html lang=\"en\">\n"
		       "<head>\n"
		       "<meta charset=\"utf-8\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		       "script-src 'sha256-%s'; style-src 'sha256-%s'; base-uri 'none'; "
		       "form-action 'none'\">\n"
		       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		       "<meta name=\"generator\" content=\"scxray %s\">\n"
		       "<title>scxray report</title>\n"
		       "<style>",
		       html_script_sha256, html_style_sha256, SCXRAY_VERSION) < 0 ||
	       fwrite(html_style, 1, html_style_size, out) != html_style_size ||
	       fputs("</style>\n"
		     "</head>\n"
		     "<body>\n"
		     "<p id=\"state\">The report is being unpacked.</p>\n"
		     "<noscript><p>This page needs JavaScript; the same report is written as text by "
		     "scxray report.</p></noscript>\n"
		     "<script type=\"application/gzip\" id=\"report\">\n",
		     out) < 0;
}

static int put_tail(FILE *out)
{
	return fputs("\n</script>\n<script>", out) < 0 ||
	       fwrite(html_script, 1, html_script_size, out) != html_script_size ||
	       fputs("</script>\n</body>\n</html>\n", out) < 0;
}

/* The frame around what `put` writes as JSON. */
static int put_page(FILE *out, int (*put)(const void *arg, FILE *json), const void *arg)
{
	FILE *json;
	int failed;

	if (put_head(out))
		return -1;
	json = pack_open(out);
	if (!json)
		return -1;
	failed = put(arg, json);
	if (fclose(json) || failed)
		return -1;
	return put_tail(out) ? -1 : 0;
}

static int put_document(const void *arg, FILE *json)
{
	struct scxray_document doc = *(const struct scxray_document *)arg;

	doc.json_form = SCXRAY_JSON_TYPED; /* what the page shows of a value */
	return scxray_render_json(&doc, json);
}

int scxray_render_html(const struct scxray_document *doc, FILE *out)
{
	return put_page(out, put_document, doc);
}

struct bytes {
	const char *at;
	size_t nr;
};

static int put_bytes(const void *arg, FILE *json)
{
	const struct bytes *bytes = arg;

	return fwrite(bytes->at, 1, bytes->nr, json) != bytes->nr;
}

int scxray_html_from_json(const char *json, size_t nr, FILE *out)
{
	struct bytes bytes = { json, nr };

	return put_page(out, put_bytes, &bytes);
}
