/** What is kept of a sign-in: marks in the place of secrets, each call with its answer, and what was decided. */
import type { Answered, Asked, Judged } from './stage.ts'

export type SignInRecord = {
  service: string
  version: number
  asked: Asked
  /** In the order in which they were asked. */
  calls: Answered[]
  /** Users who may not sign in, since services run as them. */
  barred: string[]
  judged: Judged
}
