export interface AudioDevice {
  readonly id: string;
  /** Empty until the person has allowed the microphone. */
  readonly label: string;
}

export interface AudioDevices {
  readonly inputs: readonly AudioDevice[];
  readonly outputs: readonly AudioDevice[];
}

/** The part of `navigator.mediaDevices` that is needed; undefined on an insecure origin. */
export type DeviceSource = Pick<MediaDevices, 'enumerateDevices' | 'addEventListener' | 'removeEventListener'>;

const noDevices: AudioDevices = { inputs: [], outputs: [] };

/** The microphones and speakers that the browser lists; empty lists if it lists none. */
export async function listDevices(
  source: DeviceSource | undefined = globalThis.navigator?.mediaDevices,
): Promise<AudioDevices> {
  if (!source?.enumerateDevices) return noDevices;
  try {
    const devices = await source.enumerateDevices();
    const devicesOfKind = (kind: MediaDeviceKind): AudioDevice[] =>
      devices
        .filter((device) => device.kind === kind && device.deviceId !== '')
        .map((device) => ({ id: device.deviceId, label: device.label }));
    return { inputs: devicesOfKind('audioinput'), outputs: devicesOfKind('audiooutput') };
  } catch {
    return noDevices;
  }
}

/** Calls back when a device is plugged in or out. Returns a function that stops this. */
export function watchDevices(
  onChange: () => void,
  source: DeviceSource | undefined = globalThis.navigator?.mediaDevices,
): () => void {
  source?.addEventListener?.('devicechange', onChange);
  return () => source?.removeEventListener?.('devicechange', onChange);
}
