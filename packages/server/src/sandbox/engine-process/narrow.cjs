'use strict'

/**
 * Stands between the other walls and the engine: puts a filter of system calls in force for this process and becomes the
 * program named behind it. Without the filter it ends; nothing is started.
 * Arguments: the filter in base64 (`../system-calls.ts`), the program, its arguments.
 *
 * Foreign functions are an experiment of Node. They are used here alone, before any developer's code is near; the engine
 * itself runs under Node's permission model, which refuses them.
 */

const { dlopen, getRawPointer } = require('node:ffi')

// <linux/prctl.h>, <linux/seccomp.h>, <fcntl.h>
const PR_SET_NO_NEW_PRIVS = 38
const PR_SET_SECCOMP = 22
const SECCOMP_MODE_FILTER = 2n
const F_SETFD = 2

/** The pipe to the node. Node closes what it inherits when another program takes its place; this one stays open. */
const PIPE = 3
/** Stands in the filter for the number of this process, which the engine keeps. */
const OWN_PROCESS = 0xffffffff

const [, , encoded = '', ...line] = process.argv
const filter = Buffer.from(encoded, 'base64')
for (let value = 4; value < filter.length; value += 8)
  if (filter.readUInt32LE(value) === OWN_PROCESS) filter.writeUInt32LE(process.pid, value)

/** `struct sock_fprog`: how many steps, and where they are. */
const program = Buffer.alloc(16)
program.writeUInt16LE(filter.length / 8, 0)
program.writeBigUInt64LE(getRawPointer(filter), 8)

const { functions } = dlopen(null, {
  prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
  fcntl: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
})
/** @param {number} answer of a system call */
const must = (answer) => {
  if (answer !== 0) process.exit(1)
}
must(functions.fcntl(PIPE, F_SETFD, 0))
must(functions.prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n))
must(functions.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, getRawPointer(program), 0n, 0n))
process.execve(/** @type {string} */ (line[0]), line, {})
