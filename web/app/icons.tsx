import type { ComponentChildren } from 'preact';

/** @param isDirected it points along the line of text, so it is mirrored where that runs from right to left */
function Icon({ children, isDirected = false }: { children: ComponentChildren; isDirected?: boolean }) {
  return (
    <svg class={isDirected ? 'icon icon-directed' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      {children}
    </svg>
  );
}

export const MicrophoneIcon = () => (
  <Icon>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </Icon>
);

export const MicrophoneOffIcon = () => (
  <Icon>
    <path d="M15 9.5V6a3 3 0 0 0-5.9-.8M9 10v1a3 3 0 0 0 4.6 2.5M5.5 11.5a6.5 6.5 0 0 0 10.3 5.3M18.5 11.5a6.4 6.4 0 0 1-.6 2.7M12 18v3M4 3.5l16 17" />
  </Icon>
);

export const NoteIcon = () => (
  <Icon>
    <path d="M9 18V5l10-2v13" />
    <circle cx="6.5" cy="18" r="2.5" />
    <circle cx="16.5" cy="16" r="2.5" />
  </Icon>
);

export const EarIcon = () => (
  <Icon>
    <path d="M6.5 9.5a5.5 5.5 0 0 1 11 0c0 4-4 4.5-4 8a3 3 0 0 1-5.6 1.5M9.5 10a2.5 2.5 0 0 1 5 0c0 1.8-2 2.2-2 4" />
  </Icon>
);

export const HeadphonesIcon = () => (
  <Icon>
    <path d="M4 17v-4a8 8 0 0 1 16 0v4" />
    <rect x="3.5" y="14" width="4" height="6.5" rx="1.6" />
    <rect x="16.5" y="14" width="4" height="6.5" rx="1.6" />
  </Icon>
);

export const HeadphonesOffIcon = () => (
  <Icon>
    <path d="M4 17v-4a8 8 0 0 1 2.4-5.7M9.6 5.4A8 8 0 0 1 20 13v3.5M4 3.5l16 17" />
    <rect x="3.5" y="14" width="4" height="6.5" rx="1.6" />
    <path d="M16.5 18v.9a1.6 1.6 0 0 0 1.6 1.6h.9" />
  </Icon>
);

export const HandIcon = () => (
  <Icon>
    <path d="M7.5 12.5V6.8a1.4 1.4 0 0 1 2.8 0V11V4.9a1.4 1.4 0 0 1 2.8 0V11V5.9a1.4 1.4 0 0 1 2.8 0V12V8.4a1.4 1.4 0 0 1 2.8 0V14.5a6.5 6.5 0 0 1-12 3.5L4.2 14.6a1.5 1.5 0 0 1 2.4-1.8z" />
  </Icon>
);

export const AwayIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7.5V12l3 2" />
  </Icon>
);

export const SignalIcon = () => (
  <Icon>
    <path d="M5 19v-3M10 19v-6M15 19V9M20 19V5" />
  </Icon>
);

export const LockIcon = () => (
  <Icon>
    <rect x="5" y="10.5" width="14" height="10" rx="2.2" />
    <path d="M8.5 10.5V7.5a3.5 3.5 0 0 1 7 0v3" />
  </Icon>
);

export const MoreIcon = () => (
  <Icon>
    <path d="M5 12h.01M12 12h.01M19 12h.01" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 7h9M17 7h3M4 12h3M11 12h9M4 17h9M17 17h3" />
    <circle cx="15" cy="7" r="2" />
    <circle cx="9" cy="12" r="2" />
    <circle cx="15" cy="17" r="2" />
  </Icon>
);

export const LeaveIcon = () => (
  <Icon isDirected>
    <path d="M14 4H6.5a1.5 1.5 0 0 0-1.5 1.5v13A1.5 1.5 0 0 0 6.5 20H14M10.5 12H20M16.5 8.5 20 12l-3.5 3.5" />
  </Icon>
);

export const LinkIcon = () => (
  <Icon>
    <path d="M10 14a4 4 0 0 0 5.7.3l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7-.3l-3 3a4 4 0 0 0 5.7 5.7l1-1" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
);

export const SpeakerIcon = () => (
  <Icon>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11" />
  </Icon>
);

export const SpeakerOffIcon = () => (
  <Icon>
    <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5" />
  </Icon>
);

/** Waves from a mast. */
export const ProgramIcon = () => (
  <Icon>
    <path d="M12 12v8M8.5 15.5a5 5 0 1 1 7 0M5.5 18.5a9 9 0 1 1 13 0" />
  </Icon>
);

export const WarningIcon = () => (
  <Icon>
    <path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17.2v.1" />
  </Icon>
);

/** Four voices on one line. */
export const Logo = () => (
  <svg class="logo" viewBox="0 0 48 32" aria-hidden="true">
    <path d="M2 16h6M40 16h6" />
    <path d="M14 9v14M21 3v26M28 8v16M35 12v8" />
  </svg>
);
