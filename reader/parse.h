/* SPDX-License-Identifier: BSD-2-Clause */
/* parse.h - memory of a tree, for the parser */
#ifndef READER_PARSE_H
#define READER_PARSE_H

#include "reader/json.h"

/* Bytes that live as long as the tree; NULL where there is no memory. */
void *doc_alloc(struct json_tree *tree, size_t size);

#endif
