/** What a program that a test starts may have of the environment round it: what it needs, and nothing that is an option. */

/** `PATH`, the folder for temporary files, and where Node keeps code it has compiled, if the runner named a place. */
export function plainEnvironment(): Record<string, string> {
  const { PATH = '', TMPDIR, NODE_COMPILE_CACHE } = process.env
  return {
    PATH,
    ...(TMPDIR !== undefined && { TMPDIR }),
    ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }),
  }
}
