;; The loops over samples in WebAssembly SIMD. Each function has a twin in `pcm.ts` with bit-identical results: change
;; both together. Relaxed SIMD is not used, because its results depend on the processor.
;;
;; `i32` parameters are addresses in the memory, multiples of 16. A frame is 960 `f32` samples (3840 bytes), or 960 `i16`.
(module
  (import "kernels" "memory" (memory 1))

  (global $frameBytes i32 (i32.const 3840))
  (global $frameSamples f32 (f32.const 960))

  ;; sum += frame
  (func (export "add") (param $sum i32) (param $frame i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (global.get $frameBytes)))
    (loop $next
      (v128.store (local.get $sum)
        (f32x4.add (v128.load (local.get $sum)) (v128.load (local.get $frame))))
      (v128.store offset=16 (local.get $sum)
        (f32x4.add (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $frame))))
      (local.set $frame (i32.add (local.get $frame) (i32.const 32)))
      (local.set $sum (i32.add (local.get $sum) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $sum) (local.get $end)))))

  ;; out = total - own
  (func (export "subtract") (param $out i32) (param $total i32) (param $own i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $out) (global.get $frameBytes)))
    (loop $next
      (v128.store (local.get $out)
        (f32x4.sub (v128.load (local.get $total)) (v128.load (local.get $own))))
      (v128.store offset=16 (local.get $out)
        (f32x4.sub (v128.load offset=16 (local.get $total)) (v128.load offset=16 (local.get $own))))
      (local.set $total (i32.add (local.get $total) (i32.const 32)))
      (local.set $own (i32.add (local.get $own) (i32.const 32)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))

  ;; Multiplies a frame by a gain that moves from $from to $to over the first $rampSamples and stays there. The gain is
  ;; from + step * (i + 1) in double precision, two samples at a time.
  (func (export "ramp") (param $frame i32) (param $from f64) (param $to f64) (param $rampSamples f64)
    (local $end i32)
    (local $place v128) ;; i + 1 of two samples
    (local $from2 v128) (local $to2 v128) (local $step2 v128) (local $ramp2 v128)
    (local $x v128) (local $low v128)
    (local.set $end (i32.add (local.get $frame) (global.get $frameBytes)))
    (local.set $place (v128.const f64x2 1 2))
    (local.set $from2 (f64x2.splat (local.get $from)))
    (local.set $to2 (f64x2.splat (local.get $to)))
    (local.set $ramp2 (f64x2.splat (local.get $rampSamples)))
    (local.set $step2
      (f64x2.splat (f64.div (f64.sub (local.get $to) (local.get $from)) (local.get $rampSamples))))
    (loop $next
      (local.set $x (v128.load (local.get $frame)))
      (local.set $low
        (f32x4.demote_f64x2_zero
          (f64x2.mul
            (f64x2.promote_low_f32x4 (local.get $x))
            (v128.bitselect
              (f64x2.add (local.get $from2) (f64x2.mul (local.get $step2) (local.get $place)))
              (local.get $to2)
              (f64x2.le (local.get $place) (local.get $ramp2))))))
      (local.set $place (f64x2.add (local.get $place) (v128.const f64x2 2 2)))
      (v128.store (local.get $frame)
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
          (local.get $low)
          (f32x4.demote_f64x2_zero
            (f64x2.mul
              (f64x2.promote_low_f32x4
                (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $x) (local.get $x)))
              (v128.bitselect
                (f64x2.add (local.get $from2) (f64x2.mul (local.get $step2) (local.get $place)))
                (local.get $to2)
                (f64x2.le (local.get $place) (local.get $ramp2)))))))
      (local.set $place (f64x2.add (local.get $place) (v128.const f64x2 2 2)))
      (local.set $frame (i32.add (local.get $frame) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $frame) (local.get $end)))))

  ;; sum += gain * frame, with a gain that moves from $from to $to over the frame: to - step * (959 - i).
  (func (export "addRamped") (param $sum i32) (param $frame i32) (param $from f32) (param $to f32)
    (local $end i32)
    (local $remaining v128) ;; number of samples after each of these four in the frame
    (local $to4 v128) (local $step4 v128)
    (local.set $end (i32.add (local.get $sum) (global.get $frameBytes)))
    (local.set $remaining (v128.const f32x4 959 958 957 956))
    (local.set $to4 (f32x4.splat (local.get $to)))
    (local.set $step4
      (f32x4.splat (f32.div (f32.sub (local.get $to) (local.get $from)) (global.get $frameSamples))))
    (loop $next
      (v128.store (local.get $sum)
        (f32x4.add
          (v128.load (local.get $sum))
          (f32x4.mul
            (v128.load (local.get $frame))
            (f32x4.sub (local.get $to4) (f32x4.mul (local.get $step4) (local.get $remaining))))))
      (local.set $remaining (f32x4.sub (local.get $remaining) (v128.const f32x4 4 4 4 4)))
      (local.set $frame (i32.add (local.get $frame) (i32.const 16)))
      (local.set $sum (i32.add (local.get $sum) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $sum) (local.get $end)))))

  ;; sum += high * raw + (low - high) * muffled, with gains that move from ...From to ...To over the frame.
  (func (export "addShelved")
    (param $sum i32) (param $raw i32) (param $muffled i32)
    (param $lowFrom f32) (param $highFrom f32) (param $lowTo f32) (param $highTo f32)
    (local $end i32)
    (local $remaining v128)
    (local $high v128) (local $highStep v128) (local $rest v128) (local $restStep v128)
    (local $restTo f32)
    (local.set $end (i32.add (local.get $sum) (global.get $frameBytes)))
    (local.set $remaining (v128.const f32x4 959 958 957 956))
    (local.set $high (f32x4.splat (local.get $highTo)))
    (local.set $highStep
      (f32x4.splat (f32.div (f32.sub (local.get $highTo) (local.get $highFrom)) (global.get $frameSamples))))
    (local.set $restTo (f32.sub (local.get $lowTo) (local.get $highTo)))
    (local.set $rest (f32x4.splat (local.get $restTo)))
    (local.set $restStep
      (f32x4.splat
        (f32.div
          (f32.sub (local.get $restTo) (f32.sub (local.get $lowFrom) (local.get $highFrom)))
          (global.get $frameSamples))))
    (loop $next
      (v128.store (local.get $sum)
        (f32x4.add
          (v128.load (local.get $sum))
          (f32x4.add
            (f32x4.mul
              (v128.load (local.get $raw))
              (f32x4.sub (local.get $high) (f32x4.mul (local.get $highStep) (local.get $remaining))))
            (f32x4.mul
              (v128.load (local.get $muffled))
              (f32x4.sub (local.get $rest) (f32x4.mul (local.get $restStep) (local.get $remaining)))))))
      (local.set $remaining (f32x4.sub (local.get $remaining) (v128.const f32x4 4 4 4 4)))
      (local.set $raw (i32.add (local.get $raw) (i32.const 16)))
      (local.set $muffled (i32.add (local.get $muffled) (i32.const 16)))
      (local.set $sum (i32.add (local.get $sum) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $sum) (local.get $end)))))

  ;; Like `addShelved`, for both ears at once.
  (func (export "pan")
    (param $left i32) (param $right i32) (param $raw i32) (param $muffled i32)
    (param $leftLowFrom f32) (param $leftHighFrom f32) (param $leftLowTo f32) (param $leftHighTo f32)
    (param $rightLowFrom f32) (param $rightHighFrom f32) (param $rightLowTo f32) (param $rightHighTo f32)
    (local $end i32)
    (local $remaining v128)
    (local $highLeft v128) (local $highStepLeft v128) (local $restLeft v128) (local $restStepLeft v128)
    (local $highRight v128) (local $highStepRight v128) (local $restRight v128) (local $restStepRight v128)
    (local $x v128) (local $m v128)
    (local.set $end (i32.add (local.get $left) (global.get $frameBytes)))
    (local.set $remaining (v128.const f32x4 959 958 957 956))
    (local.set $highLeft (f32x4.splat (local.get $leftHighTo)))
    (local.set $highStepLeft
      (f32x4.splat (f32.div (f32.sub (local.get $leftHighTo) (local.get $leftHighFrom)) (global.get $frameSamples))))
    (local.set $restLeft (f32x4.splat (f32.sub (local.get $leftLowTo) (local.get $leftHighTo))))
    (local.set $restStepLeft
      (f32x4.splat
        (f32.div
          (f32.sub
            (f32.sub (local.get $leftLowTo) (local.get $leftHighTo))
            (f32.sub (local.get $leftLowFrom) (local.get $leftHighFrom)))
          (global.get $frameSamples))))
    (local.set $highRight (f32x4.splat (local.get $rightHighTo)))
    (local.set $highStepRight
      (f32x4.splat (f32.div (f32.sub (local.get $rightHighTo) (local.get $rightHighFrom)) (global.get $frameSamples))))
    (local.set $restRight (f32x4.splat (f32.sub (local.get $rightLowTo) (local.get $rightHighTo))))
    (local.set $restStepRight
      (f32x4.splat
        (f32.div
          (f32.sub
            (f32.sub (local.get $rightLowTo) (local.get $rightHighTo))
            (f32.sub (local.get $rightLowFrom) (local.get $rightHighFrom)))
          (global.get $frameSamples))))
    (loop $next
      (local.set $x (v128.load (local.get $raw)))
      (local.set $m (v128.load (local.get $muffled)))
      (v128.store (local.get $left)
        (f32x4.add
          (v128.load (local.get $left))
          (f32x4.add
            (f32x4.mul
              (local.get $x)
              (f32x4.sub (local.get $highLeft) (f32x4.mul (local.get $highStepLeft) (local.get $remaining))))
            (f32x4.mul
              (local.get $m)
              (f32x4.sub (local.get $restLeft) (f32x4.mul (local.get $restStepLeft) (local.get $remaining)))))))
      (v128.store (local.get $right)
        (f32x4.add
          (v128.load (local.get $right))
          (f32x4.add
            (f32x4.mul
              (local.get $x)
              (f32x4.sub (local.get $highRight) (f32x4.mul (local.get $highStepRight) (local.get $remaining))))
            (f32x4.mul
              (local.get $m)
              (f32x4.sub (local.get $restRight) (f32x4.mul (local.get $restStepRight) (local.get $remaining)))))))
      (local.set $remaining (f32x4.sub (local.get $remaining) (v128.const f32x4 4 4 4 4)))
      (local.set $raw (i32.add (local.get $raw) (i32.const 16)))
      (local.set $muffled (i32.add (local.get $muffled) (i32.const 16)))
      (local.set $right (i32.add (local.get $right) (i32.const 16)))
      (local.set $left (i32.add (local.get $left) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $left) (local.get $end)))))

  ;; A one-pole low pass: y[i] = (1 - pole) * x[i] + pole * y[i - 1]. Returns the last y; $last is that of the previous
  ;; frame. $out may be $frame. Works on four samples at a time: first adds what each gets from earlier samples of the
  ;; same four, by shifting by one and by two, then what all four get from the previous four.
  (func (export "lowPass")
    (param $out i32) (param $frame i32) (param $pole f32) (param $last f32) (result f32)
    (local $end i32)
    (local $share v128) (local $pole4 v128) (local $square4 v128) (local $powers v128)
    (local $square f32)
    (local $own v128) (local $y v128)
    (local.set $end (i32.add (local.get $out) (global.get $frameBytes)))
    (local.set $square (f32.mul (local.get $pole) (local.get $pole)))
    (local.set $share (f32x4.splat (f32.sub (f32.const 1) (local.get $pole))))
    (local.set $pole4 (f32x4.splat (local.get $pole)))
    (local.set $square4 (f32x4.splat (local.get $square)))
    (local.set $powers
      (f32x4.replace_lane 3
        (f32x4.replace_lane 2
          (f32x4.replace_lane 1
            (f32x4.splat (local.get $pole))
            (local.get $square))
          (f32.mul (local.get $square) (local.get $pole)))
        (f32.mul (local.get $square) (local.get $square))))
    (local.set $y (f32x4.splat (local.get $last)))
    (loop $next
      (local.set $own (f32x4.mul (local.get $share) (v128.load (local.get $frame))))
      (local.set $own
        (f32x4.add
          (local.get $own)
          (f32x4.mul
            (local.get $pole4)
            (i8x16.shuffle 0 1 2 3 16 17 18 19 20 21 22 23 24 25 26 27 (v128.const f32x4 0 0 0 0) (local.get $own)))))
      (local.set $own
        (f32x4.add
          (local.get $own)
          (f32x4.mul
            (local.get $square4)
            (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (v128.const f32x4 0 0 0 0) (local.get $own)))))
      (local.set $y
        (f32x4.add
          (local.get $own)
          (f32x4.mul
            (local.get $powers)
            (i8x16.shuffle 12 13 14 15 12 13 14 15 12 13 14 15 12 13 14 15 (local.get $y) (local.get $y)))))
      (v128.store (local.get $out) (local.get $y))
      (local.set $frame (i32.add (local.get $frame) (i32.const 16)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end))))
    (f32x4.extract_lane 3 (local.get $y)))

  ;; The greatest magnitude in each millisecond (48 samples), twenty `f32`.
  (func (export "peaks") (param $frame i32) (param $peaks i32)
    (local $end i32) (local $endOfMs i32)
    (local $peak v128)
    (local.set $end (i32.add (local.get $frame) (global.get $frameBytes)))
    (loop $nextMs
      (local.set $endOfMs (i32.add (local.get $frame) (i32.const 192)))
      (local.set $peak (v128.const f32x4 0 0 0 0))
      (loop $next
        (local.set $peak (f32x4.pmax (local.get $peak) (f32x4.abs (v128.load (local.get $frame)))))
        (local.set $frame (i32.add (local.get $frame) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $frame) (local.get $endOfMs))))
      (local.set $peak
        (f32x4.pmax
          (local.get $peak)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $peak) (local.get $peak))))
      (f32.store (local.get $peaks)
        (f32.max (f32x4.extract_lane 0 (local.get $peak)) (f32x4.extract_lane 1 (local.get $peak))))
      (local.set $peaks (i32.add (local.get $peaks) (i32.const 4)))
      (br_if $nextMs (i32.lt_u (local.get $frame) (local.get $end)))))

  ;; Rounds to 16-bit integers, halves up, and clips: floor(x), plus one where x is at least a half above that.
  ;; (Not floor(x + 0.5), because that sum would itself be rounded.)
  (func (export "toInt16") (param $frame i32) (param $out i32)
    (local $end i32)
    (local $x v128) (local $floor v128) (local $integers v128)
    (local.set $end (i32.add (local.get $frame) (global.get $frameBytes)))
    (loop $next
      (local.set $x (v128.load (local.get $frame)))
      (local.set $floor (f32x4.floor (local.get $x)))
      (local.set $integers
        (i32x4.sub
          (i32x4.trunc_sat_f32x4_s (local.get $floor))
          (f32x4.ge (f32x4.sub (local.get $x) (local.get $floor)) (v128.const f32x4 0.5 0.5 0.5 0.5))))
      (v128.store64_lane 0 (local.get $out)
        (i16x8.narrow_i32x4_s (local.get $integers) (local.get $integers)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (local.set $frame (i32.add (local.get $frame) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $frame) (local.get $end)))))

  ;; Like `toInt16`, after multiplying by a gain that moves over each millisecond from one of the 21 `f64` at $gains to
  ;; the next: from + step * (i + 1), in double precision.
  (func (export "limit") (param $frame i32) (param $gains i32) (param $out i32)
    (local $end i32) (local $endOfMs i32)
    (local $from v128) (local $step v128)
    (local $place v128) ;; i + 1 of two samples
    (local $x v128) (local $low v128) (local $high v128)
    (local.set $end (i32.add (local.get $frame) (global.get $frameBytes)))
    (loop $nextMs
      (local.set $endOfMs (i32.add (local.get $frame) (i32.const 192)))
      (local.set $from (v128.load64_splat (local.get $gains)))
      (local.set $step
        (f64x2.div
          (f64x2.sub (v128.load64_splat offset=8 (local.get $gains)) (local.get $from))
          (v128.const f64x2 48 48)))
      (local.set $place (v128.const f64x2 1 2))
      (loop $next
        (local.set $x (v128.load (local.get $frame)))
        (local.set $low
          (f64x2.mul
            (f64x2.promote_low_f32x4 (local.get $x))
            (f64x2.add (local.get $from) (f64x2.mul (local.get $step) (local.get $place)))))
        (local.set $place (f64x2.add (local.get $place) (v128.const f64x2 2 2)))
        (local.set $high
          (f64x2.mul
            (f64x2.promote_low_f32x4
              (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $x) (local.get $x)))
            (f64x2.add (local.get $from) (f64x2.mul (local.get $step) (local.get $place)))))
        (local.set $place (f64x2.add (local.get $place) (v128.const f64x2 2 2)))
        ;; Truncating towards zero rounds positive values down.
        (local.set $low (f64x2.pmax (v128.const f64x2 0 0) (f64x2.add (local.get $low) (v128.const f64x2 32768.5 32768.5))))
        (local.set $high
          (f64x2.pmax (v128.const f64x2 0 0) (f64x2.add (local.get $high) (v128.const f64x2 32768.5 32768.5))))
        (local.set $x
          (i32x4.sub
            (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
              (i32x4.trunc_sat_f64x2_s_zero (local.get $low))
              (i32x4.trunc_sat_f64x2_s_zero (local.get $high)))
            (v128.const i32x4 32768 32768 32768 32768)))
        (v128.store64_lane 0 (local.get $out) (i16x8.narrow_i32x4_s (local.get $x) (local.get $x)))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (local.set $frame (i32.add (local.get $frame) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $frame) (local.get $endOfMs))))
      (local.set $gains (i32.add (local.get $gains) (i32.const 8)))
      (br_if $nextMs (i32.lt_u (local.get $frame) (local.get $end)))))

  ;; Interleaves two frames of 16-bit integers.
  (func (export "interleave") (param $left i32) (param $right i32) (param $out i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $out) (global.get $frameBytes)))
    (loop $next
      (v128.store (local.get $out)
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
          (v128.load (local.get $left)) (v128.load (local.get $right))))
      (v128.store offset=16 (local.get $out)
        (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
          (v128.load (local.get $left)) (v128.load (local.get $right))))
      (local.set $left (i32.add (local.get $left) (i32.const 16)))
      (local.set $right (i32.add (local.get $right) (i32.const 16)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end)))))
)
