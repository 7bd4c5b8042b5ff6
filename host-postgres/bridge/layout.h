/* layout.h - where things stand in two of PostgreSQL's formats that are read without its headers. The module,
 * which has these, checks each when it is compiled. */
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_LAYOUT_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_LAYOUT_H

/* XLogLongPageHeaderData of access/xlog_internal.h, the same from PostgreSQL 9.3 on. */
#define TMPG_PAGE_BYTES 40
#define TMPG_PAGE_MAGIC_AT 0
#define TMPG_PAGE_INFO_AT 2
#define TMPG_PAGE_TIMELINE_AT 4
#define TMPG_PAGE_ADDRESS_AT 8
#define TMPG_PAGE_IDENTIFIER_AT 24
#define TMPG_PAGE_SEGMENT_SIZE_AT 32
#define TMPG_PAGE_LONG_HEADER 0x0002

/* ControlFileData of catalog/pg_control.h, of this version: PostgreSQL 13 to 17. */
#define TMPG_CONTROL_VERSION 1300
#define TMPG_CONTROL_BYTES 8192
#define TMPG_CONTROL_IDENTIFIER_AT 0
#define TMPG_CONTROL_VERSION_AT 8
#define TMPG_CONTROL_SEGMENT_SIZE_AT 228

#endif /* TIDEMARK_HOST_POSTGRES_BRIDGE_LAYOUT_H */
