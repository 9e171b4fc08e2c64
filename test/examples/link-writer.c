/* A game that tells Mumble where its player is: each line "x y z frontX frontZ" on its input is one frame. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

struct LinkedMem {
  uint32_t version;
  uint32_t tick;
  float avatarPosition[3];
  float avatarFront[3];
  float avatarTop[3];
  wchar_t name[256];
  float cameraPosition[3];
  float cameraFront[3];
  float cameraTop[3];
  wchar_t identity[256];
  uint32_t contextLength;
  unsigned char context[256];
  wchar_t description[2048];
};

int main(int count, char **arguments) {
  float x, y, z, frontX, frontZ;
  if (count != 2) return 2;
  int file = shm_open(arguments[1], O_CREAT | O_RDWR, 0600);
  if (file < 0 || ftruncate(file, sizeof(struct LinkedMem)) != 0) return 1;
  struct LinkedMem *link = mmap(NULL, sizeof(struct LinkedMem), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (link == MAP_FAILED) return 1;
  while (scanf("%f %f %f %f %f", &x, &y, &z, &frontX, &frontZ) == 5) {
    link->avatarPosition[0] = x;
    link->avatarPosition[1] = y;
    link->avatarPosition[2] = z;
    link->cameraFront[0] = frontX;
    link->cameraFront[2] = frontZ;
    /* The avatar looks elsewhere, to see that this is not what is used. */
    link->avatarFront[1] = 1;
    wcscpy(link->name, L"Tést");
    link->version = 2;
    link->tick++;
    printf("%u\n", link->tick);
    fflush(stdout);
  }
  shm_unlink(arguments[1]);
  return 0;
}
