/* limits.h - every bound both sides keep; a test meets each */
#ifndef SCHEMA_WIRE_LIMITS_H
#define SCHEMA_WIRE_LIMITS_H

#define LIMIT_SLUG          48    /* bytes of a device, vendor, group or contract id */
#define LIMIT_MODEL         64    /* bytes of a model's name */
#define LIMIT_MESSAGE_BYTES 65536 /* one MQTT payload, sealed */
#define LIMIT_RECORD_BYTES  672   /* one encoded usage record */
#define LIMIT_BATCH_RECORDS 40    /* records in one usage message */
#define LIMIT_ROUTES        8     /* routes of one device */
#define LIMIT_CREDIT_LINES  16    /* one per route, and as many that are being recalled */
#define LIMIT_MEASURES      4     /* of one credit line */
#define LIMIT_WEIGHTS       11    /* of one measure: one per token class */
#define LIMIT_SETTINGS      26    /* of one device; a message stays below 64 KiB in memory */
#define LIMIT_SETTING_NAME  48
#define LIMIT_SETTING_VALUE 2048  /* bytes of a setting's JSON value */
#define LIMIT_CONFIG_BYTES  24576 /* encoded ConfigContent */
#define LIMIT_URL           256
#define LIMIT_API_KEY       256
#define LIMIT_REASON        120 /* why a setting was refused, why a command failed */
#define LIMIT_SAY_TEXT      500
#define LIMIT_PICTURE_BYTES 32768
#define LIMIT_BUNDLE_BYTES  32768 /* of a report about itself */
#define LIMIT_SOFTWARE      4     /* manifests of one configuration */
#define LIMIT_PACKAGES      8     /* that came to one device by manifests */
#define LIMIT_MANIFEST      1536  /* bytes of a manifest's document */
#define LIMIT_KIND          24    /* bytes of the kind of a software */
#define LIMIT_VERSION       32    /* and of its version */
#define LIMIT_BROKERS       4
#define LIMIT_COMMANDS_KEPT 64 /* command ids a device remembers until they expire */

#endif
