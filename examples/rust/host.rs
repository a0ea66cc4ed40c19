// SPDX-License-Identifier: BSD-2-Clause
//! host.rs - a whole virtual machine monitor that loads scxray-plugin.so, in Rust
//!
//!     rustc --edition 2021 host.rs && ./host PLUGIN FOLDER
//!
//! One vCPU, one thread, no crate.  The structs are those of scxray/plugin.h, as bindgen makes them too.
//! docs/embedding.md explains each call of the plugin.

use std::ffi::{c_void, CStr, CString};
use std::mem::{size_of, transmute, zeroed};
use std::os::raw::{c_char, c_int, c_long, c_ulong};
use std::ptr::null;

// ---- scxray/plugin.h ----------------------------------------------------------

const API_VERSION: u32 = 1;
const VCPU_HANDLE: i32 = 0;
const MOMENT_LATE: u32 = 2;
const LOG_DEBUG: u32 = 3;

#[repr(C)]
struct Region {
    gpa: u64,
    size: u64,
    host: *const c_void,
}

#[repr(C)]
struct Vcpu {
    fd: i32,
    tid: i32,
    run: *mut c_void,
}

#[repr(C)]
struct Outcome {
    struct_size: u32,
    status: i32,
    message: *const c_char,
    paths: *const *const c_char,
    nr_paths: u32,
    first_finding: *const c_char,
}

#[repr(C)]
struct Host {
    struct_size: u32,
    api_version: u32,
    context: *mut c_void,
    vm_fd: i32,
    kick_signal: i32,
    regions: *const Region,
    nr_regions: u32,
    region_size: u32,
    vcpus: *const Vcpu,
    nr_vcpus: u32,
    vcpu_size: u32,
    settings: *const *const c_char,
    log: Option<extern "C" fn(*mut c_void, u32, *const c_char)>,
    pause_devices: Option<extern "C" fn(*mut c_void) -> i32>,
    resume_devices: Option<extern "C" fn(*mut c_void)>,
    failure_captured: Option<extern "C" fn(*mut c_void, *const c_char)>,
    report_complete: Option<extern "C" fn(*mut c_void, *const Outcome)>,
}

/// What the plugin fills in; the members after `unload` are not needed here.
#[repr(C)]
struct Plugin {
    struct_size: u32,
    api_version: u32,
    version: *const c_char,
    this: *mut c_void,
    vcpu_start: Option<extern "C" fn(*mut c_void, u32)>,
    vcpu_exit: Option<extern "C" fn(*mut c_void, u32, i32) -> i32>,
    vcpu_stop: Option<extern "C" fn(*mut c_void, u32)>,
    trigger: Option<extern "C" fn(*mut c_void, u32, *const c_char) -> i32>,
    finish: Option<extern "C" fn(*mut c_void, *mut Outcome) -> i32>,
    unload: Option<extern "C" fn(*mut c_void)>,
}

type Init = extern "C" fn(*const Host, *mut Plugin) -> i32;

// ---- libc and linux/kvm.h ---------------------------------------------------------

extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    fn mmap(at: *mut c_void, size: usize, prot: c_int, flags: c_int, fd: c_int, offset: c_long) -> *mut c_void;
}

const KVM_CREATE_VM: c_ulong = 0xae01;
const KVM_GET_VCPU_MMAP_SIZE: c_ulong = 0xae04;
const KVM_CREATE_VCPU: c_ulong = 0xae41;
const KVM_SET_USER_MEMORY_REGION: c_ulong = 0x4020_ae46;
const KVM_RUN: c_ulong = 0xae80;
const KVM_SET_REGS: c_ulong = 0x4090_ae82;
const KVM_GET_SREGS: c_ulong = 0x8138_ae83;
const KVM_SET_SREGS: c_ulong = 0x4138_ae84;
const EXIT_IO: u32 = 2;
const EXIT_HLT: u32 = 5;
const EINTR: i32 = 4;

// ---- the host ------------------------------------------------------------------

const RAM_SIZE: usize = 0x20_0000;
const CODE_GPA: usize = 0x1000;

/// Real mode: prints the text after it to COM1, then halts.
const CODE: &[u8] = b"\xba\xf8\x03\xbe\x0f\x10\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4hello\n\0";

fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(from) }.to_string_lossy().into_owned()
}

extern "C" fn on_log(_: *mut c_void, level: u32, line: *const c_char) {
    if level < LOG_DEBUG {
        eprintln!("plugin: {}", text(line));
    }
}

extern "C" fn on_captured(_: *mut c_void, why: *const c_char) {
    println!("captured: {}", text(why));
}

extern "C" fn on_complete(_: *mut c_void, report: *const Outcome) {
    let report = unsafe { &*report };
    println!("complete: status {}, {} files", report.status, report.nr_paths);
}

fn checked(value: c_int, what: &str) -> c_int {
    if value < 0 {
        eprintln!("host: {}: {}", what, std::io::Error::last_os_error());
        std::process::exit(1);
    }
    value
}

fn mapped(size: usize, flags: c_int, fd: c_int) -> *mut u8 {
    let at = unsafe { mmap(std::ptr::null_mut(), size, 3, flags, fd, 0) };
    checked(if at as isize == -1 { -1 } else { 0 }, "mmap");
    at as *mut u8
}

struct Vm {
    fd: c_int,
    vcpu: c_int,
    ram: *mut u8,
    run: *mut u8,
}

fn create_vm() -> Vm {
    let path = CString::new("/dev/kvm").unwrap();
    let ram = mapped(RAM_SIZE, 0x22, -1); // private, anonymous
    let mut slot: [u64; 4] = [0, 0, RAM_SIZE as u64, ram as u64];
    let mut regs = [0u64; 18];
    let mut sregs = [0u8; 312];

    regs[16] = CODE_GPA as u64; // rip
    regs[17] = 2; // rflags
    unsafe {
        let kvm = checked(open(path.as_ptr(), 0x8_0002), "/dev/kvm");
        let fd = checked(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
        std::ptr::copy_nonoverlapping(CODE.as_ptr(), ram.add(CODE_GPA), CODE.len());
        checked(ioctl(fd, KVM_SET_USER_MEMORY_REGION, slot.as_mut_ptr()), "its RAM");
        let vcpu = checked(ioctl(fd, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
        let size = checked(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "kvm_run") as usize;
        checked(ioctl(vcpu, KVM_GET_SREGS, sregs.as_mut_ptr()), "KVM_GET_SREGS");
        sregs[..8].fill(0); // cs.base
        sregs[12..14].fill(0); // cs.selector
        checked(ioctl(vcpu, KVM_SET_SREGS, sregs.as_mut_ptr()), "KVM_SET_SREGS");
        checked(ioctl(vcpu, KVM_SET_REGS, regs.as_mut_ptr()), "KVM_SET_REGS");
        Vm { fd, vcpu, ram, run: mapped(size, 1, vcpu) }
    }
}

fn load(path: &str, folder: &str, vm: &Vm) -> Plugin {
    let region = Region { gpa: 0, size: RAM_SIZE as u64, host: vm.ram as *const c_void };
    let shown = Vcpu { fd: vm.vcpu, tid: 0, run: vm.run as *mut c_void };
    let output = CString::new(format!("output={}", folder)).unwrap();
    let name = CString::new("name=example").unwrap();
    let settings = [output.as_ptr(), name.as_ptr(), null()];
    let path = CString::new(path).unwrap();
    let symbol = CString::new("scxray_plugin_init").unwrap();

    // all else is 0 or None
    let mut host: Host = unsafe { zeroed() };
    host.struct_size = size_of::<Host>() as u32;
    host.api_version = API_VERSION;
    host.vm_fd = vm.fd;
    host.regions = &region;
    host.nr_regions = 1;
    host.region_size = size_of::<Region>() as u32;
    host.vcpus = &shown;
    host.nr_vcpus = 1;
    host.vcpu_size = size_of::<Vcpu>() as u32;
    host.settings = settings.as_ptr();
    host.log = Some(on_log);
    host.failure_captured = Some(on_captured);
    host.report_complete = Some(on_complete);
    let mut plugin: Plugin = unsafe { zeroed() };
    plugin.struct_size = size_of::<Plugin>() as u32;
    unsafe {
        let library = dlopen(path.as_ptr(), 2);
        let init = if library.is_null() { library } else { dlsym(library, symbol.as_ptr()) };
        checked(if init.is_null() { -1 } else { 0 }, "the plugin");
        let init: Init = transmute(init);
        checked(init(&host, &mut plugin), "the plugin does not start");
    }
    plugin
}

fn run_vcpu(vm: &Vm, plugin: &Plugin) {
    let (start, exit, stop) = (plugin.vcpu_start.unwrap(), plugin.vcpu_exit.unwrap(), plugin.vcpu_stop.unwrap());

    start(plugin.this, 0);
    loop {
        let result = match unsafe { ioctl(vm.vcpu, KVM_RUN, 0) } {
            0 => 0,
            _ => -std::io::Error::last_os_error().raw_os_error().unwrap_or(EINTR),
        };
        if exit(plugin.this, 0, result) != VCPU_HANDLE || result == -EINTR {
            continue;
        }
        checked(result, "KVM_RUN");
        let reason = unsafe { (vm.run.add(8) as *const u32).read_volatile() };
        if reason == EXIT_IO {
            let offset = unsafe { (vm.run.add(40) as *const u64).read_volatile() };
            print!("{}", unsafe { vm.run.add(offset as usize).read_volatile() } as char);
        } else if reason == EXIT_HLT {
            break;
        }
    }
    stop(plugin.this, 0);
}

/// The thread's vCPU has stopped: from now on it may make these calls.
fn end(plugin: &Plugin) {
    let why = CString::new("the guest has halted").unwrap();
    let mut result: Outcome = unsafe { zeroed() };

    result.struct_size = size_of::<Outcome>() as u32;
    plugin.trigger.unwrap()(plugin.this, MOMENT_LATE, why.as_ptr());
    plugin.finish.unwrap()(plugin.this, &mut result);
    for i in 0..result.nr_paths as usize {
        println!("report: {}", text(unsafe { *result.paths.add(i) }));
    }
    println!("message: {}", text(result.message));
    plugin.unload.unwrap()(plugin.this);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();

    if arguments.len() != 3 {
        eprintln!("usage: host PLUGIN FOLDER");
        std::process::exit(2);
    }
    let vm = create_vm();
    let plugin = load(&arguments[1], &arguments[2], &vm);
    run_vcpu(&vm, &plugin);
    end(&plugin);
}
