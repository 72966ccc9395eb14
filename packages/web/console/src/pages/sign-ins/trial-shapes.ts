/** Answers of a made-up sign-in and of a replay (docs/trying.md). */
export type TrialDecision = 'granted' | 'more' | 'refused' | 'broken' | 'not run'

export type Call = {
  name: string
  service: string
  depth: number
  ms: number
  args: unknown
  outcome?: unknown
  refused?: string
}

export type TrialStep = {
  step: number
  decision: TrialDecision
  why: string
  advice?: string
  factors?: string[]
  denied?: string[]
  answer?: { status: number; body: unknown }
  code?: string
  calls: Call[]
  calls_left_out: number
  messages: { to?: string; body?: string; [name: string]: unknown }[]
  requests: { method?: string; url?: string; [name: string]: unknown }[]
  logs: string
  ms: number
}

export type Trial = { service: string; version: number | null; tried: string; cut: unknown[]; steps: TrialStep[] }

export type Decided = { decision: string; factors?: string[]; why: string }
export type Other = { id: string; at: string; was: Decided; would: Decided }

export type Replay = {
  service: string
  replayed: number
  same: number
  flips: Other[]
  unknown: Other[]
  left_out: Record<string, number>
}

/** Which code is tried: nothing for the auth service as it is. */
export type Which = { service?: string; version?: number; code?: string }

export const trialDecisions: Record<TrialDecision, { word: string; color: string }> = {
  granted: { word: 'would be granted', color: 'teal' },
  more: { word: 'would ask for another step', color: 'blue' },
  refused: { word: 'would be refused', color: 'orange' },
  broken: { word: 'would not decide', color: 'red' },
  'not run': { word: 'was not reached', color: 'gray' },
}
