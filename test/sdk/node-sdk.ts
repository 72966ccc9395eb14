/** `clearblade` as npm has it: one instance for the whole process, which `init` points at a system. */
import { createRequire } from 'node:module'
import { good } from './answered.ts'
import { email, type Plant, password, reach } from './plant.ts'

export const nodeSdk: any = createRequire(import.meta.url)('clearblade')

/** Signs in and answers the instance. */
export async function signedIn(plant: Plant, as = { email, password }): Promise<any> {
  await good((callback) => nodeSdk.init({ ...reach(plant), ...as, callback }))
  return nodeSdk
}
