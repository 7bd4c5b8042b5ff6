// A storage engine in Go that archives its log with Tidemark. Its two sides have the names that Gitaly gives them: the
// engine calls NotifyNewEntries when entries are in its log, and is called with AcknowledgePosition when they are safe.
//
//	host PLUGIN DATA_DIR SINK_URL     e.g. host lib/tidemark/tidemark.so ./data file:///var/archive
//	CGO_CFLAGS="$(pkg-config --cflags tidemark)" go build host.go
//
// Each run commits some entries to two partitions, waits until all are archived, and prunes what it may.
package main

/*
#cgo LDFLAGS : -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <tidemark/archiver.h>

// Go calls no pointers to functions, and C holds no pointers of Go: `host` is a handle.
tidemark_status goAcquireEntry(uintptr_t host, tidemark_partition*, tidemark_lsn, tidemark_entry*);
tidemark_status goAcknowledge(uintptr_t host, tidemark_partition*, tidemark_lsn, tidemark_error*);
void goEvent(uintptr_t host, tidemark_event*);
void goLog(int32_t level, tidemark_str component, tidemark_str message);

static inline tidemark_status acquire_entry(void* host, const tidemark_partition* partition, tidemark_lsn lsn,
                                            tidemark_entry* out, tidemark_error* error) {
  (void)error;
  return goAcquireEntry((uintptr_t)host, (tidemark_partition*)partition, lsn, out);
}
static inline void release_entry(void* host, const tidemark_partition* partition, tidemark_entry* entry) {
  (void)host, (void)partition;
  free(entry->lease);
}
static inline tidemark_status acknowledge(void* host, const tidemark_partition* partition, tidemark_lsn lsn,
                                          tidemark_error* error) {
  return goAcknowledge((uintptr_t)host, (tidemark_partition*)partition, lsn, error);
}
static inline void event(void* host, const tidemark_event* event) {
  goEvent((uintptr_t)host, (tidemark_event*)event);
}
static inline void log_line(void* host, int32_t level, tidemark_str component, tidemark_str message) {
  (void)host;
  goLog(level, component, message);
}

// NULL, and why.
static inline const tidemark_archiver_api* load(const char* plugin, const char** why) {
  void* const library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  void* const symbol = library == NULL ? NULL : dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME);
  tidemark_archiver_entry_fn entry = NULL;
  const tidemark_archiver_api* api;
  *why = symbol == NULL ? dlerror() : "it does not speak this host's version of the ABI";
  if (symbol == NULL) return NULL;
  memcpy(&entry, &symbol, sizeof entry);
  api = entry(TIDEMARK_ARCHIVER_ABI_MAJOR);
  return api;
}
static inline tidemark_str text(const char* data) {
  const tidemark_str view = {data, strlen(data)};
  return view;
}
static inline tidemark_status create(const tidemark_archiver_api* api, uintptr_t host,
                                     const char* lineage_file, tidemark_archiver** out,
                                     tidemark_error* error) {
  const tidemark_host table = {sizeof table,  TIDEMARK_ARCHIVER_ABI_MINOR,
                               (void*)host,   acquire_entry,
                               release_entry, acknowledge,
                               event,         log_line};
  const tidemark_option options[] = {{text("lineage_file"), text(lineage_file), 0, 0},
                                     {text("log_level"), text("warn"), 0, 0}};
  return api->create(&table, options, 2, out, error);
}
static inline tidemark_status set_sink(const tidemark_archiver_api* api, tidemark_archiver* archiver,
                                       const char* url, tidemark_error* error) {
  return api->set_sink(archiver, text(url), NULL, 0, NULL, error);
}
static inline tidemark_status start(const tidemark_archiver_api* api, tidemark_archiver* archiver,
                                    tidemark_error* error) {
  return api->start(archiver, error);
}
static inline tidemark_status notify(const tidemark_archiver_api* api, tidemark_archiver* archiver,
                                     const char* storage, size_t size, uint64_t id, tidemark_lsn low,
                                     tidemark_lsn high, tidemark_error* error) {
  const tidemark_partition partition = {{storage, size}, id};
  return api->notify(archiver, &partition, low, high, error);
}
static inline tidemark_status stop(const tidemark_archiver_api* api, tidemark_archiver* archiver,
                                   uint32_t drain_ms, tidemark_error* error) {
  return api->stop(archiver, drain_ms, error);
}
static inline void destroy(const tidemark_archiver_api* api, tidemark_archiver* archiver) {
  api->destroy(archiver);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/cgo"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

type (
	LSN         uint64
	PartitionID uint64
)

// LogManager is the engine, as the archiver sees it. Both are called on the archiver's threads, many at a time.
type LogManager interface {
	// GetEntryPath is where the entry lies: a file or a directory that nothing changes until it was acknowledged.
	GetEntryPath(storage string, partition PartitionID, lsn LSN) string
	// AcknowledgePosition says that all entries up to lsn are safe. After an error it is said again.
	AcknowledgePosition(storage string, partition PartitionID, lsn LSN) error
}

// Archiver is the plugin. It belongs to who opened it; NotifyNewEntries is for any thread.
type Archiver struct {
	api      *C.tidemark_archiver_api
	archiver *C.tidemark_archiver
	host     cgo.Handle
}

func failure(what string, status C.tidemark_status, err *C.tidemark_error) error {
	if status == C.TIDEMARK_OK {
		return nil
	}
	return fmt.Errorf("%s: %s (status %d)", what, C.GoString(&err.message[0]), int32(status))
}

// OpenArchiver loads the plugin and starts it. lineageFile lies in the engine's data directory: so a copy of that, or an
// older state of it, is known for what it is.
func OpenArchiver(plugin, lineageFile, sinkURL string, log LogManager) (*Archiver, error) {
	cPlugin, cLineage, cURL := C.CString(plugin), C.CString(lineageFile), C.CString(sinkURL)
	defer C.free(unsafe.Pointer(cPlugin))
	defer C.free(unsafe.Pointer(cLineage))
	defer C.free(unsafe.Pointer(cURL))
	var why *C.char
	api := C.load(cPlugin, &why)
	if api == nil {
		return nil, fmt.Errorf("cannot load %s: %s", plugin, C.GoString(why))
	}
	self := &Archiver{api: api, host: cgo.NewHandle(log)}
	var archiver *C.tidemark_archiver
	err := C.tidemark_error{struct_size: C.sizeof_tidemark_error}
	status := C.create(api, C.uintptr_t(self.host), cLineage, &archiver, &err)
	self.archiver = archiver
	if status == C.TIDEMARK_OK {
		status = C.set_sink(api, archiver, cURL, &err)
	}
	if status == C.TIDEMARK_OK {
		status = C.start(api, archiver, &err)
	}
	if status != C.TIDEMARK_OK {
		self.release()
		return nil, failure("cannot start the archiver", status, &err)
	}
	return self, nil
}

func (self *Archiver) release() {
	C.destroy(self.api, self.archiver)
	self.host.Delete()
}

// NotifyNewEntries tells of the entries low..high, which are durable in the log. It only enqueues, also inside of
// AcknowledgePosition; late, repeated and merged calls are fine.
func (self *Archiver) NotifyNewEntries(storage string, partition PartitionID, low, high LSN) error {
	name := []byte(storage + "\x00")
	err := C.tidemark_error{struct_size: C.sizeof_tidemark_error}
	status := C.notify(self.api, self.archiver, (*C.char)(unsafe.Pointer(&name[0])), C.size_t(len(storage)),
		C.uint64_t(partition), C.tidemark_lsn(low), C.tidemark_lsn(high), &err)
	return failure("notify", status, &err)
}

// Close gives what was notified so much time to be archived. Afterwards the engine is not called any more.
func (self *Archiver) Close(drain time.Duration) error {
	err := C.tidemark_error{struct_size: C.sizeof_tidemark_error}
	status := C.stop(self.api, self.archiver, C.uint32_t(drain.Milliseconds()), &err)
	self.release()
	return failure("stop", status, &err)
}

func storageOf(partition *C.tidemark_partition) string {
	return C.GoStringN(partition.storage.data, C.int(partition.storage.size))
}

//export goAcquireEntry
func goAcquireEntry(host C.uintptr_t, partition *C.tidemark_partition, lsn C.tidemark_lsn,
	out *C.tidemark_entry) C.tidemark_status {
	log := cgo.Handle(host).Value().(LogManager)
	path := log.GetEntryPath(storageOf(partition), PartitionID(partition.id), LSN(lsn))
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return C.TIDEMARK_E_NOT_FOUND
	}
	lease := C.CString(path) // release_entry frees it
	out.path.data = lease
	out.path.size = C.size_t(len(path))
	out.lease = unsafe.Pointer(lease)
	return C.TIDEMARK_OK
}

//export goAcknowledge
func goAcknowledge(host C.uintptr_t, partition *C.tidemark_partition, lsn C.tidemark_lsn,
	out *C.tidemark_error) C.tidemark_status {
	log := cgo.Handle(host).Value().(LogManager)
	err := log.AcknowledgePosition(storageOf(partition), PartitionID(partition.id), LSN(lsn))
	if err == nil {
		return C.TIDEMARK_OK
	}
	if out != nil {
		message := (*[C.TIDEMARK_MESSAGE_MAX]byte)(unsafe.Pointer(&out.message))
		message[copy(message[:len(message)-1], err.Error())] = 0
	}
	return C.TIDEMARK_E_RETRYABLE
}

//export goEvent
func goEvent(host C.uintptr_t, event *C.tidemark_event) {
	what := map[C.int32_t]string{C.TIDEMARK_EVENT_GAP: "lost", C.TIDEMARK_EVENT_CONFLICT: "in conflict",
		C.TIDEMARK_EVENT_SUPERSEDED: "superseded"}[event.kind]
	if what == "" {
		return // the log has the others, and nobody has to do anything
	}
	reason := ""
	if event.error != nil {
		reason = ": " + C.GoString(&event.error.message[0])
	}
	fmt.Fprintf(os.Stderr, "host: a person is needed: %s/%d %d..%d are %s%s\n", storageOf(&event.partition),
		uint64(event.partition.id), uint64(event.first), uint64(event.last), what, reason)
}

//export goLog
func goLog(level C.int32_t, component, message C.tidemark_str) {
	fmt.Fprintf(os.Stderr, "host: %s: %s\n", C.GoStringN(component.data, C.int(component.size)),
		C.GoStringN(message.data, C.int(message.size)))
}

// ---- An engine: entries are directories DATA_DIR/<partition>/<LSN>, what was acknowledged stands beside them. ----

const storage, entriesPerRun = "default", 5

type engine struct {
	dir          string
	mutex        sync.Mutex
	acknowledged map[PartitionID]LSN
	changed      chan struct{}
}

func (self *engine) partitionDir(partition PartitionID) string {
	return filepath.Join(self.dir, strconv.FormatUint(uint64(partition), 10))
}

func (self *engine) GetEntryPath(_ string, partition PartitionID, lsn LSN) string {
	return filepath.Join(self.partitionDir(partition), strconv.FormatUint(uint64(lsn), 10))
}

// AcknowledgePosition first writes the position down, then prunes: the other way round a power cut between the two
// would leave a log that begins later than anybody knows.
func (self *engine) AcknowledgePosition(_ string, partition PartitionID, lsn LSN) error {
	self.mutex.Lock()
	defer self.mutex.Unlock()
	if lsn <= self.acknowledged[partition] {
		return nil
	}
	dir := self.partitionDir(partition)
	if err := writeDurably(filepath.Join(dir, "acknowledged"), []byte(strconv.FormatUint(uint64(lsn), 10))); err != nil {
		return err
	}
	for old := self.acknowledged[partition] + 1; old <= lsn; old++ {
		if err := os.RemoveAll(self.GetEntryPath(storage, partition, old)); err != nil {
			return err
		}
	}
	self.acknowledged[partition] = lsn
	select {
	case self.changed <- struct{}{}:
	default:
	}
	return nil
}

// load finds what an earlier run has left: the acknowledged position, and the newest entry after it.
func (self *engine) load(partition PartitionID) (newest LSN, err error) {
	dir := self.partitionDir(partition)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "acknowledged"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	if err == nil {
		position, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s/acknowledged: %w", dir, err)
		}
		self.acknowledged[partition] = LSN(position)
	}
	newest = self.acknowledged[partition]
	for old := newest; self.has(partition, old); old-- { // stopped before it was pruned
		if err := os.RemoveAll(self.GetEntryPath(storage, partition, old)); err != nil {
			return 0, err
		}
	}
	for self.has(partition, newest+1) {
		newest++
	}
	return newest, nil
}

func (self *engine) has(partition PartitionID, lsn LSN) bool {
	_, err := os.Lstat(self.GetEntryPath(storage, partition, lsn))
	return err == nil
}

// commit makes an entry durable, whole or not at all.
func (self *engine) commit(partition PartitionID, lsn LSN) error {
	path := self.GetEntryPath(storage, partition, lsn)
	if err := os.RemoveAll(path + ".new"); err != nil {
		return err
	}
	if err := os.Mkdir(path+".new", 0o700); err != nil {
		return err
	}
	for _, name := range []string{"MANIFEST", "1"} {
		text := fmt.Sprintf("%s of entry %d of partition %d\n", name, lsn, partition)
		if err := writeDurably(filepath.Join(path+".new", name), []byte(text)); err != nil {
			return err
		}
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}

func writeDurably(path string, data []byte) error {
	if err := os.WriteFile(path+".tmp", data, 0o600); err != nil {
		return err
	}
	if err := syncPath(path + ".tmp"); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

// wait returns when every partition is acknowledged up to its newest entry.
func (self *engine) wait(newest map[PartitionID]LSN, limit time.Duration) error {
	deadline := time.After(limit)
	for {
		done := true
		self.mutex.Lock()
		for partition, lsn := range newest {
			done = done && self.acknowledged[partition] >= lsn
		}
		self.mutex.Unlock()
		if done {
			return nil
		}
		select {
		case <-self.changed:
		case <-deadline:
			return fmt.Errorf("not all entries were acknowledged within %s", limit)
		}
	}
}

func run(plugin, dir, sinkURL string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	self := &engine{dir: dir, acknowledged: map[PartitionID]LSN{}, changed: make(chan struct{}, 1)}
	newest := map[PartitionID]LSN{}
	for _, partition := range []PartitionID{1, 2} {
		if newest[partition], err = self.load(partition); err != nil {
			return err
		}
	}
	archiver, err := OpenArchiver(plugin, filepath.Join(dir, "lineage"), sinkURL, self)
	if err != nil {
		return err
	}
	for partition, lsn := range newest { // at start: all that is still there
		self.mutex.Lock()
		low := self.acknowledged[partition] + 1
		self.mutex.Unlock()
		if err == nil {
			err = archiver.NotifyNewEntries(storage, partition, low, lsn)
		}
		for count := 0; count < entriesPerRun && err == nil; count++ {
			lsn++
			if err = self.commit(partition, lsn); err == nil {
				err = archiver.NotifyNewEntries(storage, partition, low, lsn)
			}
		}
		newest[partition] = lsn
	}
	if err == nil {
		err = self.wait(newest, 30*time.Second)
	}
	if closed := archiver.Close(time.Second); err == nil {
		err = closed
	}
	if err == nil {
		fmt.Printf("archived up to %d and %d\n", newest[1], newest[2])
	}
	return err
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: host PLUGIN DATA_DIR SINK_URL")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "host:", err)
		os.Exit(1)
	}
}
