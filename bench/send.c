/*
 * Sends a capture's packets out of an interface, at a steady rate, again and again.
 *
 *     send INTERFACE CAPTURE.pcap PACKETS_A_SECOND SECONDS
 *
 * The capture is a little-endian pcap of Ethernet; what was cut off of a packet is sent as zeros, 1,514 bytes at most. Prints
 * {"sent": ..., "seconds": ...}.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, MOST_FRAME = 1514, BATCH = 32 };

static char zeros[MOST_FRAME];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static char *whole(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) die(path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size);
    if (bytes == NULL || fread(bytes, 1, *size, file) != *size) die(path);
    fclose(file);
    return bytes;
}

static uint32_t word(const char *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

int main(int argc, char **argv) {
    struct mmsghdr messages[BATCH] = { 0 };
    struct iovec parts[BATCH][2];
    struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
    size_t size, at = FILE_HEADER;
    int one = 1;
    if (argc != 5) {
        fprintf(stderr, "send INTERFACE CAPTURE.pcap PACKETS_A_SECOND SECONDS\n");
        return 2;
    }
    char *bytes = whole(argv[2], &size);
    double rate = atof(argv[3]), seconds = atof(argv[4]);
    int fd = socket(AF_PACKET, SOCK_RAW, 0); /* of protocol 0: it is handed no packets */
    to.sll_ifindex = (int)if_nametoindex(argv[1]);
    if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0) die(argv[1]);
    if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one) < 0) die("PACKET_QDISC_BYPASS");
    for (int i = 0; i < BATCH; i++) {
        messages[i].msg_hdr.msg_iov = parts[i];
        messages[i].msg_hdr.msg_iovlen = 2;
    }
    uint64_t sent = 0, most = (uint64_t)(rate * seconds);
    double start = now(), elapsed = 0;
    while (sent < most && (elapsed = now() - start) < 4 * seconds) {
        if ((double)(sent + BATCH) > elapsed * rate) {
            struct timespec pause = { 0, 100000 };
            nanosleep(&pause, NULL);
            continue;
        }
        for (int i = 0; i < BATCH; i++) {
            if (at + RECORD_HEADER > size) at = FILE_HEADER;
            uint32_t kept = word(bytes + at + 8), length = word(bytes + at + 12);
            if (length > MOST_FRAME) length = MOST_FRAME;
            if (kept > length) length = kept;
            parts[i][0] = (struct iovec){ bytes + at + RECORD_HEADER, kept };
            parts[i][1] = (struct iovec){ zeros, length - kept };
            at += RECORD_HEADER + kept;
        }
        for (int done = 0; done < BATCH;) {
            int count = sendmmsg(fd, messages + done, (unsigned)(BATCH - done), 0);
            if (count < 0 && errno != ENOBUFS && errno != EAGAIN) die("sendmmsg");
            if (count > 0) done += count;
        }
        sent += BATCH;
    }
    printf("{\"sent\":%llu,\"seconds\":%.3f}\n", (unsigned long long)sent, now() - start);
    return 0;
}
