/** To the gate: the level that opens it; null for one that follows the noise. */
export interface GateSetting {
  readonly thresholdDbfs: number | null;
}

/** From the gate, ten times a second. */
export interface GateReport {
  readonly isOpen: boolean;
  /** The level that opens it now. */
  readonly thresholdDbfs: number;
}

export function isGateSetting(value: unknown): value is GateSetting {
  if (typeof value !== 'object' || value === null || !('thresholdDbfs' in value)) return false;
  return value.thresholdDbfs === null || Number.isFinite(value.thresholdDbfs);
}
