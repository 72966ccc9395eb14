/** How wrong passwords are held back where a system says nothing else, and at the door of developers. */
import type { SignInLimits } from './scope.ts'

export const defaultSignInLimits: SignInLimits = {
  free: 5,
  longest_wait: 900,
  per_address: 100,
  per_network: 500,
  window: 600,
}
