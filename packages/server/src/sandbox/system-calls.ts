/**
 * Which system calls an engine process may make, as a filter of the kernel (seccomp, see "Seccomp BPF" in the kernel's
 * user space API guide). An engine reads and writes a pipe, computes and waits; it opens files of its own empty tree and
 * makes threads, no processes. Whatever is not named here does not exist for it (ENOSYS), the calls among it that
 * kernels had to be mended for: io_uring, bpf, perf events, keyrings, new namespaces, sockets, ptrace.
 *
 * `engine-process/narrow.cjs` puts the filter in force before the engine is started; `walls.ts` tries that at start.
 */

/** Numbers of calls by name: [x86-64, arm64], from the kernel's tables; undefined where the machine has none. */
const CALLS = {
  access: [21, undefined],
  arch_prctl: [158, undefined],
  brk: [12, 214],
  capget: [125, 90],
  clock_getres: [229, 114],
  clock_gettime: [228, 113],
  clock_nanosleep: [230, 115],
  close: [3, 57],
  dup: [32, 23],
  dup3: [292, 24],
  epoll_create1: [291, 20],
  epoll_ctl: [233, 21],
  epoll_pwait: [281, 22],
  epoll_wait: [232, undefined],
  eventfd2: [290, 19],
  execve: [59, 221],
  exit: [60, 93],
  exit_group: [231, 94],
  faccessat: [269, 48],
  faccessat2: [439, 439],
  fcntl: [72, 25],
  fstat: [5, 80],
  futex: [202, 98],
  getcwd: [79, 17],
  getdents64: [217, 61],
  getegid: [108, 177],
  geteuid: [107, 175],
  getgid: [104, 176],
  getpid: [39, 172],
  getppid: [110, 173],
  getrandom: [318, 278],
  getrusage: [98, 165],
  gettid: [186, 178],
  gettimeofday: [96, 169],
  getuid: [102, 174],
  lseek: [8, 62],
  madvise: [28, 233],
  membarrier: [324, 283],
  mmap: [9, 222],
  mprotect: [10, 226],
  mremap: [25, 216],
  munmap: [11, 215],
  nanosleep: [35, 101],
  newfstatat: [262, 79],
  openat: [257, 56],
  pipe2: [293, 59],
  poll: [7, undefined],
  ppoll: [271, 73],
  pread64: [17, 67],
  read: [0, 63],
  readlink: [89, undefined],
  readlinkat: [267, 78],
  readv: [19, 65],
  rseq: [334, 293],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  sched_getaffinity: [204, 123],
  sched_getparam: [143, 121],
  sched_getscheduler: [145, 120],
  sched_yield: [24, 124],
  set_robust_list: [273, 99],
  set_tid_address: [218, 96],
  shutdown: [48, 210],
  sigaltstack: [131, 132],
  statx: [332, 291],
  sysinfo: [99, 179],
  uname: [63, 160],
  write: [1, 64],
  writev: [20, 66],
} satisfies Record<string, Numbers>

/** Calls that are good with some arguments alone. */
const CLONE: Numbers = [56, 220]
const PRCTL: Numbers = [157, 167]
const IOCTL: Numbers = [16, 29]
const PRLIMIT: Numbers = [302, 261]
/** kill and tgkill, for an engine that ends itself. */
const SIGNALS: Numbers[] = [
  [62, 129],
  [234, 131],
]
/** Stands for the number of the process that the filter is for; `engine-process/narrow.cjs` puts it in. */
const OWN_PROCESS = 0xffffffff

const CLONE_THREAD = 0x10000
/** Every flag of `clone` that asks for a namespace. */
const NEW_NAMESPACES = 0x7e020000
/** PR_SET_NAME, PR_GET_NAME, and PR_SET_VMA, which names memory: V8 uses them. */
const PRCTL_OPTIONS = [15, 16, 0x53564d41]
/** TCGETS (is this a terminal?), FIONREAD, FIONBIO, FIOCLEX. */
const IOCTL_REQUESTS = [0x5401, 0x541b, 0x5421, 0x5451]

type Numbers = [x64: number, arm64: number | undefined]

/** The kernel's own names of machines (AUDIT_ARCH_…), and which of the two numbers is theirs. */
const MACHINES: Record<string, { audit: number; column: 0 | 1 }> = {
  x64: { audit: 0xc000003e, column: 0 },
  arm64: { audit: 0xc00000b7, column: 1 },
}

// Of classic BPF, what is needed here: load a word of the call, compare, end.
const LOAD = 0x20
const EQUALS = 0x15
const AT_LEAST = 0x35
const AND = 0x54
const RETURN = 0x06
const ALLOW = 0x7fff0000
const KILL_PROCESS = 0x80000000
const ENOSYS = 0x00050000 | 38

/** Calls of the x32 way come with this bit, and other numbers behind it. */
const X32 = 0x40000000

/** Offsets in what the kernel shows of a call: its number, the machine, the two halves of each argument. */
const NUMBER = 0
const MACHINE = 4
const argument = (i: number, half: 'low' | 'high' = 'low') => 16 + 8 * i + (half === 'low' ? 0 : 4)

type Step = [code: number, ifTrue: number, ifFalse: number, value: number]

const load = (offset: number): Step => [LOAD, 0, 0, offset]
const end = (value: number): Step => [RETURN, 0, 0, value]
/** What follows is for this value alone. */
const whereIs = (value: number, then: Step[]): Step[] => [[EQUALS, 0, then.length, value], ...then]

/** The filter as the kernel takes it, eight bytes a step; undefined for a machine whose numbers are not known here. */
export function systemCallFilter(machine: string = process.arch): Buffer | undefined {
  const known = MACHINES[machine]
  if (!known) return undefined
  const { audit, column } = known
  const forCall = (numbers: Numbers, then: Step[]): Step[] => {
    const number = numbers[column]
    return number === undefined ? [] : whereIs(number, then)
  }
  const oneOf = (values: number[]): Step[] => [...values.flatMap((value) => whereIs(value, [end(ALLOW)])), end(ENOSYS)]
  const steps: Step[] = [
    load(MACHINE),
    [EQUALS, 1, 0, audit],
    end(KILL_PROCESS),
    load(NUMBER),
    ...(machine === 'x64' ? ([[AT_LEAST, 0, 1, X32], end(ENOSYS)] satisfies Step[]) : []),
    ...Object.values(CALLS).flatMap((numbers) => forCall(numbers as Numbers, [end(ALLOW)])),
    // A thread of its own is fine; a process, or a namespace, is not. clone3 has its flags in memory: threads do without it.
    ...forCall(CLONE, [
      load(argument(0)),
      [AND, 0, 0, NEW_NAMESPACES],
      ...whereIs(0, [load(argument(0)), [AND, 0, 0, CLONE_THREAD], ...whereIs(CLONE_THREAD, [end(ALLOW)])]),
      end(ENOSYS),
    ]),
    ...forCall(PRCTL, [load(argument(0)), ...oneOf(PRCTL_OPTIONS)]),
    ...forCall(IOCTL, [load(argument(1)), ...oneOf(IOCTL_REQUESTS)]),
    ...SIGNALS.flatMap((numbers) =>
      forCall(numbers, [load(argument(0)), ...whereIs(OWN_PROCESS, [end(ALLOW)]), end(ENOSYS)]),
    ),
    // Its own limits, to be read: no other process, and no new limit.
    ...forCall(PRLIMIT, [
      load(argument(0)),
      ...whereIs(0, [load(argument(2)), ...whereIs(0, [load(argument(2, 'high')), ...whereIs(0, [end(ALLOW)])])]),
      end(ENOSYS),
    ]),
    end(ENOSYS),
  ]
  const filter = Buffer.alloc(8 * steps.length)
  for (const [i, [code, ifTrue, ifFalse, value]] of steps.entries()) {
    filter.writeUInt16LE(code, 8 * i)
    filter.writeUInt8(ifTrue, 8 * i + 2)
    filter.writeUInt8(ifFalse, 8 * i + 3)
    filter.writeUInt32LE(value, 8 * i + 4)
  }
  return filter
}
