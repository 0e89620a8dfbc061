/**
 * What the program and its WebAssembly kernel share, and where it stands in the kernel's memory. Constants alone, since
 * assembly/ is compiled from them too.
 */

// Words, by their index as int32.
/** address of the flow table's slots; 0: the kernel has nothing to look in, and takes no packet */
export const SLOTS = 256;
export const SLOT_MASK = 257;
export const SLOT_COUNT = 258;
export const SEED = 259;
/** which share of the flows is wanted, of how many */
export const SHARE = 260;
export const SHARES = 261;
/** lists of records: the words FREE, NEXT, LIMIT and USED of each */
export const RECORDS = 264;
export const BLOCKS = 268;
/** flows opened so far */
export const OPENED = 272;
/** waiting entries of EVENTS and of OPENINGS */
export const EVENT_COUNT = 273;
export const OPENING_COUNT = 274;
/** 1: the frames with which flows open are to be kept in OPENINGS */
export const KEEPS_OPENINGS = 275;
/** time of the newest packet that was taken */
export const LAST_SECONDS = 276;
export const LAST_NANOSECONDS = 277;
/** packets taken by the last run */
export const TAKEN = 278;
/** where the packet was captured that is handed over alone (CaptureRecord.origin); 0 for all of a run */
export const CAPTURED_AT = 279;

/** what decode/syn-options.ts knows: orders of a SYN's options and windows, each list ended by a 0 */
export const SYN_ORDERS = 320;
export const SYN_WINDOWS = 352;

// Numbers, by their index as float64.
/** segments seen, of all shares; of this share; copies of packets among them */
export const SEEN = 144;
export const SEGMENTS = 145;
export const DUPLICATES = 146;
/** the capture's first second */
export const ORIGIN = 147;

/** Words of a list of records: the first free one or -1, those ever in use, those that have a place here, those in use. */
export const FREE = 0;
export const NEXT = 1;
export const LIMIT = 2;
export const USED = 3;

// Areas, by their address.
/** addresses of the chunks of flow records, and of the blocks of trails */
export const RECORD_CHUNKS = 0x10000;
export const BLOCK_CHUNKS = 0x20000;
export const MAX_CHUNKS = 0x4000;
/** flows whose close has come so far: the flow, its id (negative: both FINs were seen; positive: it has ended), the time */
export const EVENTS = 0x30000;
export const EVENT_BYTES = 16;
/** frames, as int32 */
export const OPENINGS = 0x34000;
/** by VLAN id the index of a stack of this tag alone among the tracker's encapsulations, plus one */
export const VLANS = 0x38000;
/** what the kernel has summed up (evidence/summary-layout.ts): index as float64 */
export const SUMMARY = 0x7800;
/** prints of the newest packets (flow/duplicates.ts) */
export const PRINTS = 0x40000;
/** what follows is given out as it is asked for */
export const HEAP = 0x60000;

/** Segments after which flows that have ended are summed up: the caches still hold them, and take the code for it once for many. */
export const SETTLED_EVERY = 512;
/** log2 of the flow records a chunk, and of the trails' blocks */
export const RECORDS_SHIFT = 11;
export const BLOCKS_SHIFT = 12;

// Copies of a packet (flow/duplicates.ts).
/** flows of a class keep to its own slots */
export const PRINT_CLASSES = 12;
/** each of two prints: so few newer packets hardly ever displace the one that a copy is still to come of */
export const PRINT_SETS = 512;
export const PRINT_TICK_SHIFT = 14;
export const PRINT_TICKS = 61035;
export const PRINT_WINDOW = 1221;
export const PRINT_WINDOW_WITHOUT_ID = 61;
/** for a copy from elsewhere: another file or interface */
export const PRINT_WINDOW_ELSEWHERE = 61035;
export const PRINT_WINDOW_ELSEWHERE_UNMARKED = 10986;
/** these bits of a print are those of its set: in their place stands where it was captured */
export const PRINT_ORIGIN_MASK = 511;
